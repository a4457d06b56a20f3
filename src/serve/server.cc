#include "serve/server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "fmt/format.h"
#include "serve/admission.h"
#include "serve/worker.h"

namespace limpet::serve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kIdleSeconds = 60;
constexpr size_t kMaxHead = 16 * 1024;
constexpr size_t kMaxListeners = 64;
constexpr int kCostShare =
    10;  // a recording that grows is worked out again for at most one part in so many of the time
constexpr auto kSignOfLife = std::chrono::seconds(15);

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* thing) const { Free(thing); }
};
using Base = std::unique_ptr<event_base, Freer<event_base, event_base_free>>;
using Http = std::unique_ptr<evhttp, Freer<evhttp, evhttp_free>>;
using Event = std::unique_ptr<event, Freer<event, event_free>>;
using Buffer = std::unique_ptr<evbuffer, Freer<evbuffer, evbuffer_free>>;

std::string_view Header(evhttp_request* request, const char* name) {
  const char* value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
  return value ? value : std::string_view();
}

std::string_view MethodOf(evhttp_request* request) {
  switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    default:
      return "other";
  }
}

std::map<std::string, std::string> QueryOf(const evhttp_uri* uri) {
  std::map<std::string, std::string> query;
  const char* text = uri ? evhttp_uri_get_query(uri) : nullptr;
  evkeyvalq pairs;
  if (!text || evhttp_parse_query_str(text, &pairs) != 0) return query;
  for (const evkeyval* pair = pairs.tqh_first; pair; pair = pair->next.tqe_next) query[pair->key] = pair->value;
  evhttp_clear_headers(&pairs);
  return query;
}

// What keeps a page from elsewhere from showing, reading or guessing at ours.
void AddHeaders(evhttp_request* request, const std::string& type) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  const std::pair<const char*, const char*> kAlways[] = {
      {"Cache-Control", "no-store"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Content-Security-Policy", "frame-ancestors 'none'"},
  };
  evhttp_add_header(headers, "Content-Type", type.c_str());
  for (const auto& [name, value] : kAlways) evhttp_add_header(headers, name, value);
}

void Send(evhttp_request* request, const Answer& answer, const std::string& version) {
  AddHeaders(request, answer.type);
  if (answer.status == 200 && !version.empty())
    evhttp_add_header(evhttp_request_get_output_headers(request), "ETag", ('"' + version + '"').c_str());
  const Buffer body(evbuffer_new());
  evbuffer_add(body.get(), answer.body.data(), answer.body.size());
  evhttp_send_reply(request, answer.status, nullptr, body.get());
}

}  // namespace

class Server::Impl {
 public:
  Impl(Content* content, const ListenOptions& options)
      : content_(content), options_(options), stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), worker_(content) {}
  ~Impl() {
    // Their connections are closed by evhttp_free; nothing of theirs may be asked for then.
    for (const auto& [request, listener] : listeners_) Unwatch(listener.connection);
    for (const auto& [ticket, pending] : pending_) Unwatch(pending.connection);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status Bind();
  void Run() { event_base_dispatch(base_.get()); }
  void Stop() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = write(stop_fd_.get(), &one, sizeof(one));
  }
  uint16_t port() const { return port_; }
  const ListenOptions& options() const { return options_; }

 private:
  struct Pending {
    evhttp_request* request = nullptr;
    evhttp_connection* connection = nullptr;
    std::string version;  // of what is being worked out, at least
  };
  struct Listener {
    evhttp_connection* connection = nullptr;
    std::string told;
    Clock::time_point last;
  };

  void OnRequest(evhttp_request* request);
  void OnDone();
  void OnPoll();
  void OnClose(evhttp_connection* connection);
  void Listen(evhttp_request* request);
  void Tell(evhttp_request* request, const std::string& text);
  evhttp_connection* Watch(evhttp_request* request);
  static void Unwatch(evhttp_connection* connection) { evhttp_connection_set_closecb(connection, nullptr, nullptr); }
  Event Add(int fd, short what, void (*call)(int, short, void*)) {
    Event made(event_new(base_.get(), fd, what, call, this));
    LIMPET_CHECK(made && event_add(made.get(), nullptr) == 0, "no event");
    return made;
  }

  Content* content_;
  ListenOptions options_;
  uint16_t port_ = 0;
  base::FileDescriptor stop_fd_;
  Worker worker_;
  Base base_;
  Http http_;
  std::vector<Event> events_;
  std::map<uint64_t, Pending> pending_;  // by ticket
  std::map<evhttp_request*, Listener> listeners_;
  uint64_t next_ticket_ = 1;
  std::chrono::nanoseconds cost_{0};  // of the last answer that took any time
  Clock::time_point next_news_;
};

Status Server::Impl::Bind() {
  base_.reset(event_base_new());
  if (!base_) return Error("no event loop: " + base::ErrnoText(errno));
  http_.reset(evhttp_new(base_.get()));
  if (!http_) return Error("no HTTP server: " + base::ErrnoText(errno));
  evhttp_set_max_headers_size(http_.get(), kMaxHead);
  evhttp_set_max_body_size(http_.get(), kMaxHead);
  evhttp_set_timeout(http_.get(), kIdleSeconds);
  evhttp_set_allowed_methods(http_.get(), 0xffff);  // who may do what is Admit's matter
  evhttp_set_gencb(
      http_.get(), [](evhttp_request* request, void* self) { static_cast<Impl*>(self)->OnRequest(request); }, this);
  evhttp_bound_socket* bound = evhttp_bind_socket_with_handle(http_.get(), "127.0.0.1", options_.port);
  if (!bound) return Error(fmt::format("cannot listen on port {}: {}", options_.port, base::ErrnoText(errno)));
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  if (getsockname(evhttp_bound_socket_get_fd(bound), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Error("no port: " + base::ErrnoText(errno));
  port_ = ntohs(address.sin_port);

  const auto stop = [](int, short, void* self) { event_base_loopbreak(static_cast<Impl*>(self)->base_.get()); };
  for (const int signal : {SIGINT, SIGTERM}) events_.push_back(Add(signal, EV_SIGNAL | EV_PERSIST, stop));
  events_.push_back(Add(stop_fd_.get(), EV_READ | EV_PERSIST, stop));
  events_.push_back(Add(worker_.ready_fd(), EV_READ | EV_PERSIST,
                        [](int, short, void* self) { static_cast<Impl*>(self)->OnDone(); }));
  Event poll(
      event_new(base_.get(), -1, EV_PERSIST, [](int, short, void* self) { static_cast<Impl*>(self)->OnPoll(); }, this));
  const timeval period = {options_.poll.count() / 1000, options_.poll.count() % 1000 * 1000};
  LIMPET_CHECK(poll && event_add(poll.get(), &period) == 0, "no timer");
  events_.push_back(std::move(poll));
  return Status::Ok();
}

void Server::Impl::OnRequest(evhttp_request* request) {
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
  const char* path = uri ? evhttp_uri_get_path(uri) : nullptr;
  Admission admission = Admit({.method = MethodOf(request),
                               .path = path ? path : "",
                               .host = Header(request, "Host"),
                               .origin = Header(request, "Origin")},
                              port_, options_.token);
  if (admission.refusal) return Send(request, *admission.refusal, {});
  if (admission.redirect) {
    const std::string there = '/' + options_.token + '/';
    evhttp_add_header(evhttp_request_get_output_headers(request), "Location", there.c_str());
    return Send(request, {308, "text/plain", ""}, {});
  }
  if (admission.path == "api/events") return Listen(request);
  std::string version = content_->Version();
  if (Header(request, "If-None-Match") == '"' + version + '"') return Send(request, {304, "text/plain", ""}, {});
  const uint64_t ticket = next_ticket_++;
  pending_[ticket] = {request, Watch(request), std::move(version)};
  worker_.Ask(ticket, {std::move(admission.path), QueryOf(uri)});
}

void Server::Impl::OnDone() {
  for (Worker::Done& done : worker_.TakeDone()) {
    cost_ = std::max(done.took, cost_ / 2);
    const auto found = pending_.find(done.ticket);
    if (found == pending_.end()) continue;  // it has hung up
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    Unwatch(pending.connection);
    Send(pending.request, done.answer, pending.version);
  }
}

evhttp_connection* Server::Impl::Watch(evhttp_request* request) {
  evhttp_connection* connection = evhttp_request_get_connection(request);
  evhttp_connection_set_closecb(
      connection, [](evhttp_connection* closed, void* self) { static_cast<Impl*>(self)->OnClose(closed); }, this);
  return connection;
}

void Server::Impl::OnClose(evhttp_connection* connection) {
  // A request whose connection broke while it was worked on has been taken off it, and is ours to free.
  const auto release = [](evhttp_request* request) {
    if (!evhttp_request_get_connection(request)) evhttp_request_free(request);
  };
  std::erase_if(listeners_, [&](const auto& entry) {
    if (entry.second.connection != connection) return false;
    release(entry.first);
    return true;
  });
  std::erase_if(pending_, [&](const auto& entry) {
    if (entry.second.connection != connection) return false;
    worker_.Forget(entry.first);
    release(entry.second.request);
    return true;
  });
}

void Server::Impl::Listen(evhttp_request* request) {
  if (listeners_.size() >= kMaxListeners) return Send(request, {503, "text/plain", "503: too many listeners\n"}, {});
  AddHeaders(request, "text/event-stream");
  evhttp_connection_set_timeout(evhttp_request_get_connection(request), int(kSignOfLife / std::chrono::seconds(1)) * 4);
  evhttp_send_reply_start(request, 200, nullptr);
  const std::string version = content_->Version();
  listeners_[request] = {Watch(request), version, Clock::now()};
  Tell(request, fmt::format("event: version\ndata: {}\n\n", version));
}

void Server::Impl::Tell(evhttp_request* request, const std::string& text) {
  listeners_[request].last = Clock::now();
  const Buffer buffer(evbuffer_new());
  evbuffer_add(buffer.get(), text.data(), text.size());
  evhttp_send_reply_chunk(request, buffer.get());
}

void Server::Impl::OnPoll() {
  const Clock::time_point now = Clock::now();
  if (listeners_.empty()) return;
  if (now >= next_news_) {
    const std::string version = content_->Version();
    bool told = false;
    for (auto& [request, listener] : listeners_) {
      if (listener.told == version) continue;
      listener.told = version;
      Tell(request, fmt::format("event: version\ndata: {}\n\n", version));
      told = true;
    }
    if (told) next_news_ = now + cost_ * kCostShare;
  }
  for (auto& [request, listener] : listeners_) {
    if (now - listener.last >= kSignOfLife) Tell(request, ": still here\n\n");
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Listen(Content* content, const ListenOptions& options) {
  LIMPET_CHECK(!options.token.empty(), "a server without a secret");
  auto impl = std::make_unique<Impl>(content, options);
  LIMPET_RETURN_IF_ERROR(impl->Bind());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const { return impl_->port(); }
std::string Server::url() const { return fmt::format("http://127.0.0.1:{}/{}/", port(), impl_->options().token); }
void Server::Run() { impl_->Run(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace limpet::serve
