#include "serve/token.h"

#include <sys/random.h>

#include <array>
#include <cerrno>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::serve {

Result<std::string> MakeToken() {
  std::array<unsigned char, 16> bytes;
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
  if (got != ssize_t(bytes.size())) return Error("no random numbers: " + base::ErrnoText(errno));
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

bool SameSecret(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  // volatile: the compiler may not leave early once the outcome is known.
  volatile unsigned char differ = 0;
  for (size_t i = 0; i < one.size(); i++) differ = differ | static_cast<unsigned char>(one[i] ^ other[i]);
  return differ == 0;
}

}  // namespace limpet::serve
