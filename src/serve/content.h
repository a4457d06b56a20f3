// What a server serves: answers to requests, and a word for the state that they tell of.
#ifndef LIMPET_SERVE_CONTENT_H_
#define LIMPET_SERVE_CONTENT_H_

#include <map>
#include <optional>
#include <string>

namespace limpet::serve {

struct Request {
  std::string path;  // below the secret one, without a slash at the front: "" is the page, "api/document" its data
  std::map<std::string, std::string> query;

  std::optional<std::string> Find(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::nullopt : std::optional(found->second);
  }
};

struct Answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

class Content {
 public:
  virtual ~Content() = default;

  // May take long. Always called on the same thread.
  virtual Answer Get(const Request& request) = 0;

  // Changes when Get would answer something else. Cheap, and called on another thread than Get.
  virtual std::string Version() const = 0;
};

}  // namespace limpet::serve

#endif  // LIMPET_SERVE_CONTENT_H_
