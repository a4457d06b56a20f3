// A web server for one person: it listens on 127.0.0.1 alone and answers nobody who does not know the secret in its address.
//
//     http://127.0.0.1:41233/3f9c...e1/              the page
//     http://127.0.0.1:41233/3f9c...e1/api/document  ... whatever the content has
//     http://127.0.0.1:41233/3f9c...e1/api/events    server-sent events: "version" with the content's version, now and when it changes
//
// Who is refused (403): a request without the secret; one whose Host is not this machine's own name, because a page from elsewhere may
// have its own name point here (DNS rebinding); one that another page's script sent (Origin). There is no CORS header. An answer
// carries the version that it tells of as ETag, so a page that has it already gets 304.
#ifndef LIMPET_SERVE_SERVER_H_
#define LIMPET_SERVE_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "serve/content.h"

namespace limpet::serve {

struct ListenOptions {
  uint16_t port = 0;  // 0: any that is free
  std::string token;
  std::chrono::milliseconds poll{1000};  // how often the version is looked at while somebody wants to know
};

class Server {
 public:
  // `content` outlives the server.
  static Result<std::unique_ptr<Server>> Listen(Content* content, const ListenOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  std::string url() const;

  // Serves until SIGINT, SIGTERM, or Stop.
  void Run();

  // Makes Run return. May be called from any thread, and in a signal handler.
  void Stop();

  // Defined in server.cc: evhttp's types stay there.
  class Impl;

 private:
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace limpet::serve

#endif  // LIMPET_SERVE_SERVER_H_
