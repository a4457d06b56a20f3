#include "viewer/page.h"

#include <zlib.h>

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "viewer/page_data.h"

namespace limpet::viewer {
namespace {

constexpr size_t kPackedFrom = 256 * 1024;
constexpr std::string_view kPlace = "<!--limpet-document-->";
constexpr std::string_view kConnect =
    " connect-src 'self';";  // of the page's policy: only a server's page has where to connect to

// JSON in which no name can end the script that holds it.
std::string Escaped(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 64);
  for (const char c : json) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}

std::string Deflated(std::string_view text) {
  uLongf size = compressBound(uLong(text.size()));
  std::string out(size, '\0');
  // The arguments are right and the room is enough, so this cannot fail but for memory.
  LIMPET_CHECK(compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                         uLong(text.size()), Z_BEST_COMPRESSION) == Z_OK);
  out.resize(size);
  return out;
}

std::string Base64(std::string_view bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? uint8_t(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? kLetters[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

}  // namespace

std::string_view Page() { return {PageBegin(), size_t(PageEnd() - PageBegin())}; }

std::string PageWith(std::string_view document) { return FillPage(Page(), document); }

std::string FillPage(std::string_view empty, std::string_view document) {
  std::string page(empty);
  const size_t place = page.rfind(kPlace);
  LIMPET_CHECK(place != std::string::npos);
  std::string script;
  if (document.size() < kPackedFrom) {
    script = "<script type=\"application/json\" id=\"limpet-document\">" + Escaped(document) + "</script>";
  } else {
    script = "<script type=\"text/plain\" id=\"limpet-document-deflate\">" + Base64(Deflated(document)) + "</script>";
  }
  page.replace(place, kPlace.size(), script);
  if (const size_t connect = page.find(kConnect); connect != std::string::npos) page.erase(connect, kConnect.size());
  return page;
}

}  // namespace limpet::viewer
