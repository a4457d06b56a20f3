// The secret in the address of `limpet serve`. Every user and every program of the machine can reach a port of 127.0.0.1, and so can
// each page that is open in the browser; only who was told the address may read the recordings.
#ifndef LIMPET_SERVE_TOKEN_H_
#define LIMPET_SERVE_TOKEN_H_

#include <string>
#include <string_view>

#include "base/status.h"

namespace limpet::serve {

// 128 random bits from the kernel, as 32 hexadecimal digits.
Result<std::string> MakeToken();

// Whether the two are equal; takes the same time wherever they differ. (Their lengths are no secret.)
bool SameSecret(std::string_view one, std::string_view other);

}  // namespace limpet::serve

#endif  // LIMPET_SERVE_TOKEN_H_
