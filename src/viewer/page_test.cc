#include "viewer/page.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace limpet::viewer {
namespace {

constexpr std::string_view kPage =
    "<head><meta content=\"default-src 'none'; connect-src 'self'; base-uri "
    "'none'\"></head><body><!--limpet-document--></body>";

// What the browser gets to read of the script with this id; "" where there is none.
std::string ScriptOf(const std::string& page, const std::string& id) {
  const size_t opening = page.find("id=\"" + id + "\">");
  if (opening == std::string::npos) return "";
  const size_t begin = page.find('>', opening) + 1;
  return page.substr(begin, page.find("</script>", begin) - begin);
}

std::string Unpacked(const std::string& base64, size_t size) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t group = 0, bits = 0;
  for (const char c : base64) {
    if (c == '=') break;
    group = group << 6 | uint32_t(letters.find(c));
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes += char(group >> bits & 255);
  }
  std::string out(size + 1, '\0');
  uLongf got = out.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(out.data()), &got, reinterpret_cast<const Bytef*>(bytes.data()),
                       uLong(bytes.size())),
            Z_OK);
  out.resize(got);
  return out;
}

TEST(ViewerPage, ASmallDocumentIsInItAsItIsButForWhatCouldEndTheScript) {
  const std::string page = FillPage(kPage, R"({"a":"</script><!--<script>"})");
  EXPECT_EQ(ScriptOf(page, "limpet-document"), R"({"a":"\u003c/script>\u003c!--\u003cscript>"})");
  EXPECT_EQ(page.find("connect-src"), std::string::npos) << "a file has nowhere to connect to";
}

TEST(ViewerPage, ALargeOneIsPacked) {
  for (const size_t size : {300'000, 300'001, 300'002}) {
    std::string document;
    while (document.size() < size) document += std::to_string(document.size() * 7919);
    document.resize(size);
    const std::string page = FillPage(kPage, document);
    EXPECT_EQ(Unpacked(ScriptOf(page, "limpet-document-deflate"), size), document);
    EXPECT_LT(page.size(), size);
  }
}

TEST(ViewerPage, WhatWasBuiltHasAPlaceForTheDocument) {
  if (Page().empty()) GTEST_SKIP() << "built without web/dist/viewer.html";
  const std::string page = PageWith("{\"x\":1}");
  EXPECT_EQ(ScriptOf(page, "limpet-document"), "{\"x\":1}");
  EXPECT_TRUE(page.ends_with("</html>\n") || page.ends_with("</html>")) << page.substr(page.size() - 40);
  EXPECT_LT(Page().size(), 400'000u);
}

}  // namespace
}  // namespace limpet::viewer
