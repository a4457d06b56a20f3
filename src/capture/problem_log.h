// Collects what is odd about a file. A damaged file can hold a million oddities of one kind: the first few are told in full, the rest
// are counted.
#ifndef LIMPET_CAPTURE_PROBLEM_LOG_H_
#define LIMPET_CAPTURE_PROBLEM_LOG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::capture {

class ProblemLog {
 public:
  static constexpr uint64_t kToldInFull = 3;

  // True while oddities of this kind are still told in full: the caller then makes the sentence and calls Add. `kind` says in the plural
  // what they are ("cells of sites that do not exist") and is a literal.
  bool Wants(std::string_view kind);
  void Add(std::string sentence) { sentences_.push_back(std::move(sentence)); }

  // All sentences, with one per kind for those that were only counted.
  std::vector<std::string> Take();

 private:
  struct Kind {
    std::string_view name;
    uint64_t count = 0;
  };
  std::vector<Kind> kinds_;  // a dozen at most
  std::vector<std::string> sentences_;
};

// Tells one oddity. The sentence (fmt's arguments) is only made when it is wanted.
#define LIMPET_PROBLEM(log, kind, ...)                            \
  do {                                                            \
    if ((log).Wants(kind)) (log).Add(::fmt::format(__VA_ARGS__)); \
  } while (false)

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_PROBLEM_LOG_H_
