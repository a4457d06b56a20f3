// Expected errors. A function that can fail for a reason outside of limpet's own code (a missing file, a damaged recording, no
// permission) returns Status or Result<T>; nothing here throws. Bugs are checks instead: see check.h.
//
//     Result<Recording> ReadRecording(const std::string& path) {
//       LIMPET_ASSIGN_OR_RETURN(std::string text, ReadFile(path + "/run.json"));
//       if (text.empty()) return Error(path + "/run.json is empty: record again with `limpet run`");
//       ...
//
// A message is for the person at the terminal: it names the cause, the place, and the way out. It has no trailing full stop.
#ifndef LIMPET_BASE_STATUS_H_
#define LIMPET_BASE_STATUS_H_

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace limpet::base {

class [[nodiscard]] Status {
 public:
  Status() = default;  // success
  static Status Ok() { return Status(); }
  static Status Failure(std::string message) { return Status(std::move(message)); }

  bool ok() const { return !message_; }
  // REQUIRES: !ok()
  const std::string& message() const {
    LIMPET_CHECK(message_.has_value());
    return *message_;
  }
  // The same error with `context` and a colon in front; success stays success.
  Status WithContext(const std::string& context) const { return ok() ? *this : Status(context + ": " + *message_); }

 private:
  explicit Status(std::string message) : message_(std::move(message)) {}
  std::optional<std::string> message_;
};

// The usual way to fail: `return Error("...")`.
inline Status Error(std::string message) { return Status::Failure(std::move(message)); }

// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                                  // NOLINT: implicit
  Result(Status error) : status_(std::move(error)) { LIMPET_CHECK(!status_.ok(), "no value"); }  // NOLINT: implicit

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  // REQUIRES: !ok()
  const std::string& message() const { return status_.message(); }

  // REQUIRES (all of them): ok()
  const T& value() const& {
    LIMPET_CHECK(ok(), status_.message());
    return *value_;
  }
  T& value() & {
    LIMPET_CHECK(ok(), status_.message());
    return *value_;
  }
  T&& value() && {
    LIMPET_CHECK(ok(), status_.message());
    return *std::move(value_);
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace limpet::base

namespace limpet {
using base::Error;
using base::Result;
using base::Status;
}  // namespace limpet

#define LIMPET_CONCAT_INNER(a, b) a##b
#define LIMPET_CONCAT(a, b) LIMPET_CONCAT_INNER(a, b)

// Leaves the function with the error of `expression` (a Status), if it is one.
#define LIMPET_RETURN_IF_ERROR(expression)                                                              \
  do {                                                                                                  \
    if (::limpet::base::Status limpet_status = (expression); !limpet_status.ok()) return limpet_status; \
  } while (false)

// `LIMPET_ASSIGN_OR_RETURN(auto x, F());` declares x, or leaves the function with F's error.
#define LIMPET_ASSIGN_OR_RETURN(declaration, expression) \
  LIMPET_ASSIGN_OR_RETURN_INNER(LIMPET_CONCAT(limpet_result_, __LINE__), declaration, expression)
#define LIMPET_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!result.ok()) return result.status();                            \
  declaration = *std::move(result)

#endif  // LIMPET_BASE_STATUS_H_
