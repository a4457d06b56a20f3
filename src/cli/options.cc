#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "base/text.h"
#include "cli/output.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

std::vector<std::string> LongOptions(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// CLI11 writes the line of usage itself, and not for programs that have options of their own behind ours.
class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(std::string usage) : usage_(std::move(usage)) { column_width(28); }
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

 private:
  std::string usage_;
};

int TellError(const CLI::App& app, const std::string& message) {
  Complain(fmt::format("{} ('{} --help' shows the usage)", message, app.get_name()));
  return kExitUsage;
}

std::string UnknownOption(const CLI::App& app, const std::string& word) {
  const std::string nearest = Nearest(word.substr(0, word.find('=')), LongOptions(app));
  return fmt::format("unknown option '{}'{}", word,
                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest));
}

// CLI11's own words for what is wrong with a value name its types: "--limit: 1 required INT missing".
std::string InOurWords(const CLI::App& app, const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    const std::string name = text.substr(0, text.find(" is required"));
    const CLI::Option* option = app.get_option_no_throw(name);
    if (!option) return text;
    const std::string shown = option->get_option_text().empty() ? name : option->get_option_text();
    return name.starts_with("-") ? fmt::format("{} {} is missing", name, shown) : fmt::format("{} is missing", shown);
  }
  constexpr std::string_view kNoNumber = "Could not convert: ";
  if (const size_t equals = text.find(" = "); text.starts_with(kNoNumber) && equals != std::string::npos) {
    const std::string name = text.substr(kNoNumber.size(), equals - kNoNumber.size());
    return fmt::format("{} takes a number, and '{}' is none that it can take", name, text.substr(equals + 3));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) && text.find("required") != std::string::npos)
    return fmt::format("{} needs something after it", text.substr(0, text.find(':')));
  return text;
}

}  // namespace

void Prepare(CLI::App* app, std::string_view name, std::string_view usage, std::string_view examples) {
  app->name(fmt::format("limpet {}", name));
  app->formatter(std::make_shared<Formatter>(fmt::format("usage: limpet {} {}\n", name, usage)));
  app->footer(fmt::format("examples:\n{}", examples));
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

std::optional<int> Parse(CLI::App* app, const std::vector<std::string>& arguments) {
  try {
    app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::CallForHelp&) {
    return Print(app->help());
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extra = app->remaining();
    const bool option = !extra.empty() && extra[0].starts_with("-");
    return TellError(*app, option ? UnknownOption(*app, extra[0])
                                  : fmt::format("one argument too many: '{}'", extra.empty() ? "" : extra[0]));
  } catch (const CLI::ParseError& error) {
    return TellError(*app, InOurWords(*app, error));
  }
  return std::nullopt;
}

std::string Nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  if (word.empty()) return best;
  size_t best_distance = std::max<size_t>(word.size() / 2, 2) + 1;  // a swap of two letters counts as two changes
  for (const std::string& candidate : known) {
    const size_t distance = base::EditDistance(word, candidate);
    const bool begins = word.size() > 1 && std::string_view(candidate).starts_with(word);
    if (begins || distance < best_distance) {
      best = candidate;
      best_distance = begins ? 0 : distance;
    }
  }
  return best;
}

std::optional<uint64_t> ParseDuration(std::string_view text) {
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value == 0 || value > 1'000'000'000) return std::nullopt;
  const std::string_view unit = text.substr(rest - text.data());
  if (unit == "ms") return value;
  if (unit == "s") return value * 1000;
  if (unit == "m" || unit == "min") return value * 60'000;
  if (unit == "h") return value * 3'600'000;
  return std::nullopt;
}

}  // namespace limpet::cli
