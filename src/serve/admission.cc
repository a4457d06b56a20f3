#include "serve/admission.h"

#include <utility>

#include "fmt/format.h"
#include "serve/token.h"

namespace limpet::serve {
namespace {

Admission Refuse(int status, std::string why) {
  Admission refused;
  refused.refusal = Answer{status, "text/plain; charset=utf-8", std::move(why) + "\n"};
  return refused;
}

// Whether `host` is one of the names by which this server is meant.
bool IsOwn(std::string_view host, uint16_t port) {
  return host == fmt::format("127.0.0.1:{}", port) || host == fmt::format("localhost:{}", port);
}

}  // namespace

Admission Admit(const RequestHead& head, uint16_t port, std::string_view token) {
  if (!IsOwn(head.host, port)) return Refuse(403, "403: this is no server for other hosts");
  constexpr std::string_view kScheme = "http://";
  if (!head.origin.empty() && !(head.origin.starts_with(kScheme) && IsOwn(head.origin.substr(kScheme.size()), port)))
    return Refuse(403, "403: pages from elsewhere may not ask");
  if (head.path.empty() || head.path[0] != '/') return Refuse(400, "400: what is asked for?");
  const std::string_view below = head.path.substr(1);
  const size_t slash = below.find('/');
  if (!SameSecret(below.substr(0, slash), token))
    return Refuse(403, "403: the address lacks the secret; take the whole of what 'limpet serve' printed");
  if (head.method != "GET" && head.method != "HEAD") return Refuse(405, "405: there is nothing to change here");
  Admission admitted;
  admitted.redirect = slash == std::string_view::npos;
  if (!admitted.redirect) admitted.path = below.substr(slash + 1);
  return admitted;
}

}  // namespace limpet::serve
