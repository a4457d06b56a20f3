#include "serve/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::serve {
namespace {

constexpr char kToken[] = "0123456789abcdef";

class Echo : public Content {
 public:
  Answer Get(const Request& request) override {
    if (request.path == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (request.path == "throws") throw std::bad_alloc();
    return {200, "text/plain", request.path + "?" + request.Find("a").value_or("-")};
  }
  std::string Version() const override { return "v" + std::to_string(version.load()); }
  std::atomic<int> version = 1;
};

// A socket that speaks whatever the test wants it to.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  void Say(std::string_view text) {
    EXPECT_EQ(send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
  }
  // Reads until `mark` has come, or the other side hangs up.
  std::string Until(std::string_view mark) {
    char bytes[4096];
    while (heard_.find(mark) == std::string::npos) {
      const ssize_t got = recv(fd_.get(), bytes, sizeof(bytes), 0);
      if (got <= 0) break;
      heard_.append(bytes, size_t(got));
    }
    return heard_;
  }
  std::string All() { return Until("\n(never said)\n"); }

 private:
  base::FileDescriptor fd_;
  std::string heard_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = Server::Listen(&echo_, {.port = 0, .token = kToken, .poll = std::chrono::milliseconds(20)});
    ASSERT_TRUE(server.ok()) << server.message();
    server_ = std::move(server.value());
    thread_ = std::thread([this] { server_->Run(); });
  }
  void TearDown() override {
    server_->Stop();
    thread_.join();
  }
  std::string Head(const std::string& path, const std::string& more = "") const {
    return fmt::format("GET /{}/{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n{}\r\n", kToken, path,
                       server_->port(), more);
  }
  std::string Get(const std::string& path, const std::string& more = "") {
    Client client(server_->port());
    client.Say(Head(path, more));
    return client.All();
  }

  Echo echo_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST_F(ServerTest, AnswersWithWhatTheContentHas) {
  const std::string answer = Get("api/document?a=x%20y&b=1");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\napi/document?x y")) << answer;
  EXPECT_NE(answer.find("ETag: \"v1\"\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("Access-Control"), std::string::npos);
}

TEST_F(ServerTest, SaysWhenNothingIsNew) {
  EXPECT_TRUE(Get("api/document", "If-None-Match: \"v1\"\r\n").starts_with("HTTP/1.1 304"));
  echo_.version = 2;
  EXPECT_TRUE(Get("api/document", "If-None-Match: \"v1\"\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, RefusesStrangers) {
  EXPECT_TRUE(Get("", "Origin: http://evil.example\r\n").starts_with("HTTP/1.1 403"));
  Client stranger(server_->port());
  stranger.Say(fmt::format("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", server_->port()));
  EXPECT_TRUE(stranger.All().starts_with("HTTP/1.1 403"));
  Client rebound(server_->port());
  rebound.Say(fmt::format("GET /{}/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", kToken));
  EXPECT_TRUE(rebound.All().starts_with("HTTP/1.1 403"));
}

TEST_F(ServerTest, TellsListenersOfNewVersions) {
  Client listener(server_->port());
  listener.Say(Head("api/events"));
  EXPECT_NE(listener.Until("data: v1\n\n").find("text/event-stream"), std::string::npos);
  echo_.version = 7;
  EXPECT_NE(listener.Until("data: v7\n\n").find("event: version\ndata: v7\n\n"), std::string::npos);
}

TEST_F(ServerTest, OutlivesClientsThatHangUp) {
  for (int i = 0; i < 20; i++) {
    Client one(server_->port());
    one.Say(i % 2 ? Head("slow") : Head("api/events"));
    if (i % 4 == 0) one.Until("data: v1");
  }
  EXPECT_TRUE(Get("after").ends_with("after?-"));
}

TEST_F(ServerTest, OutlivesNonsense) {
  for (const char* text : {"", "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02",
                           "GET http:// HTTP/1.1\r\n\r\n", "GET /%00%ff?%zz=&=& HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    Client one(server_->port());
    one.Say(text);
  }
  Client endless(server_->port());
  endless.Say("GET /" + std::string(64 * 1024, 'a'));
  EXPECT_TRUE(Get("throws").starts_with("HTTP/1.1 503"));
  EXPECT_TRUE(Get("after").ends_with("after?-"));
}

TEST_F(ServerTest, ListensOnThisMachineOnly) {
  EXPECT_EQ(server_->url(), fmt::format("http://127.0.0.1:{}/{}/", server_->port(), kToken));
  const auto second = Server::Listen(&echo_, {.port = server_->port(), .token = kToken});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.message().find("cannot listen on port"), std::string::npos);
}

}  // namespace
}  // namespace limpet::serve
