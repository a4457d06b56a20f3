// p<pid>/requests as the other rooms see it: checked and in order. What the file looks like is requests_format.h's matter.
#ifndef LIMPET_CAPTURE_REQUESTS_H_
#define LIMPET_CAPTURE_REQUESTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "capture/requests_format.h"

namespace limpet::capture {

// Who answers, and how often that was.
struct Answerer {
  RequestKind kind = RequestKind::kFunction;
  std::string name;      // "GET /users/{id}", "tasks.resize"; valid UTF-8, as are the next two
  std::string file;      // of the function's code, cut off at 504 bytes
  std::string function;  // qualified name, cut off at 256 bytes
  uint32_t first_line = 0;
  uint64_t count = 0;                  // that have ended
  std::vector<RequestSample> samples;  // by rising time; counts never fall, and none is above `count`

  // How many had ended at a moment: between two samples as if they had come evenly.
  double CountAt(uint64_t time_ns) const;
};

struct Requests {
  std::vector<Answerer> answerers;
  uint64_t begun = 0;
  uint64_t ended = 0;  // not above `begun`
  uint64_t UnderWay() const { return begun - ended; }
};

// From the bytes of the file; `place` is what messages call it. Fails where it is none of ours.
Result<Requests> ParseRequests(std::string_view bytes, const std::string& place);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_REQUESTS_H_
