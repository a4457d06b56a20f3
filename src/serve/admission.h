// Who may be answered: the checks of a request that come before anybody looks at what it asks for.
#ifndef LIMPET_SERVE_ADMISSION_H_
#define LIMPET_SERVE_ADMISSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "serve/content.h"

namespace limpet::serve {

// What the head of a request says, undecoded; headers that are absent are empty.
struct RequestHead {
  std::string_view method;  // "GET"
  std::string_view path;    // "/3f9c.../api/document"
  std::string_view host;
  std::string_view origin;
};

struct Admission {
  std::optional<Answer> refusal;
  std::string path;       // of Request, where there is no refusal
  bool redirect = false;  // the page was asked for without the slash at the end that its relative addresses need
};

Admission Admit(const RequestHead& head, uint16_t port, std::string_view token);

}  // namespace limpet::serve

#endif  // LIMPET_SERVE_ADMISSION_H_
