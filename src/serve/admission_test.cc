#include "serve/admission.h"

#include <gtest/gtest.h>

namespace limpet::serve {
namespace {

constexpr uint16_t kPort = 4711;
constexpr char kToken[] = "0123456789abcdef";

int StatusOf(const RequestHead& head) {
  const Admission admission = Admit(head, kPort, kToken);
  return admission.refusal ? admission.refusal->status : 200;
}

TEST(Admission, LetsInWhoKnowsTheSecret) {
  const Admission page = Admit({"GET", "/0123456789abcdef/", "127.0.0.1:4711", ""}, kPort, kToken);
  EXPECT_FALSE(page.refusal);
  EXPECT_EQ(page.path, "");
  EXPECT_FALSE(page.redirect);
  const Admission data = Admit({"HEAD", "/0123456789abcdef/api/document", "localhost:4711", ""}, kPort, kToken);
  EXPECT_FALSE(data.refusal);
  EXPECT_EQ(data.path, "api/document");
}

TEST(Admission, SendsToTheSlash) {
  const Admission page = Admit({"GET", "/0123456789abcdef", "127.0.0.1:4711", ""}, kPort, kToken);
  EXPECT_FALSE(page.refusal);
  EXPECT_TRUE(page.redirect);
}

TEST(Admission, RefusesWhoDoesNot) {
  for (const char* path : {"/", "/0123456789abcdeX/", "/0123456789abcde/", "/0123456789abcdef0/", "//0123456789abcdef/",
                           "/api/document", "/0123456789ABCDEF/", "/?token=0123456789abcdef"})
    EXPECT_EQ(StatusOf({"GET", path, "127.0.0.1:4711", ""}), 403) << path;
  EXPECT_EQ(StatusOf({"GET", "", "127.0.0.1:4711", ""}), 400);
  EXPECT_EQ(StatusOf({"GET", "0123456789abcdef/", "127.0.0.1:4711", ""}), 400);
}

TEST(Admission, RefusesOtherHostsAlthoughTheyKnowTheSecret) {
  for (const char* host : {"", "127.0.0.1", "127.0.0.1:80", "evil.example:4711", "127.0.0.1:4711.evil.example",
                           "127.0.0.1:47110", "localhost", "[::1]:4711"})
    EXPECT_EQ(StatusOf({"GET", "/0123456789abcdef/", host, ""}), 403) << host;
}

TEST(Admission, RefusesScriptsOfOtherPages) {
  const auto with_origin = [](const char* origin) {
    return StatusOf({"GET", "/0123456789abcdef/api/document", "127.0.0.1:4711", origin});
  };
  EXPECT_EQ(with_origin("http://127.0.0.1:4711"), 200);
  EXPECT_EQ(with_origin("http://127.0.0.1:8080"), 403);
  EXPECT_EQ(with_origin("https://evil.example"), 403);
  EXPECT_EQ(with_origin("null"), 403);
}

TEST(Admission, ChangesNothing) {
  EXPECT_EQ(StatusOf({"POST", "/0123456789abcdef/", "127.0.0.1:4711", ""}), 405);
  EXPECT_EQ(StatusOf({"DELETE", "/0123456789abcdef/", "127.0.0.1:4711", ""}), 405);
  EXPECT_EQ(StatusOf({"POST", "/", "127.0.0.1:4711", ""}), 403);
}

}  // namespace
}  // namespace limpet::serve
