#include "diagnose/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

uint64_t RetainedBy(const Finding& f) { return std::max(f.heap.retained_bytes.value_or(0), f.live.bytes); }

// What the limits say to one finding.
struct Ruling {
  bool above = false;
  bool judged = true;
  std::string why;
};

Ruling Rule(const Finding& f, const Limits& limits) {
  Ruling ruling;
  for (const GrowthLimit& limit : limits.growth) {
    const std::optional<double> amount = InUnitOf(limit, PaceOf(f));
    if (!amount) {
      ruling.judged = false;
      ruling.why = fmt::format("the program marks no iterations: {} cannot be held against it", limit.text);
    } else if (*amount > limit.amount) {
      return {.above = true, .judged = true, .why = fmt::format("above {}: {}", limit.text, FormatIn(limit, *amount))};
    }
  }
  if (limits.retained_bytes && RetainedBy(f) > *limits.retained_bytes) {
    return {.above = true,
            .judged = true,
            .why = fmt::format("holds {}, above {}", base::FormatBytes(RetainedBy(f)),
                               base::FormatBytes(*limits.retained_bytes))};
  }
  return ruling;
}

void Judge(const Limits& limits, Checked& one) {
  const Finding& f = *one.finding;
  if (f.confidence < kSure) {
    one.standing = Standing::kUnsure;
    return;
  }
  const Ruling ruling = limits.any() ? Rule(f, limits) : Ruling{.above = true, .judged = true, .why = ""};
  one.why = ruling.why;
  if (one.entry) {
    one.ratio = Compare(one.entry->pace, PaceOf(f));
    const bool faster = one.ratio && one.ratio->value >= kNotably;
    one.standing = faster && ruling.above ? Standing::kFaster : Standing::kKnown;
    if (one.standing == Standing::kKnown) one.why.clear();
    return;
  }
  one.standing = ruling.above ? Standing::kNew : ruling.judged ? Standing::kWithinLimit : Standing::kNotJudged;
}

// Many small leaks are one large one: where those within a limit are above it together, all of them fail.
void JudgeTogether(const Limits& limits, std::vector<Checked>& checked) {
  for (const GrowthLimit& limit : limits.growth) {
    double sum = 0;
    for (const Checked& one : checked)
      if (one.standing == Standing::kWithinLimit) sum += InUnitOf(limit, PaceOf(*one.finding)).value_or(0);
    if (sum <= limit.amount) continue;
    for (Checked& one : checked) {
      if (one.standing != Standing::kWithinLimit) continue;
      one.standing = Standing::kNew;
      one.why = fmt::format("above {} together with others: {}", limit.text, FormatIn(limit, sum));
    }
  }
}

// What became of the places that an entry names, where the diagnosis knows.
std::string FateOf(const BaselineEntry& entry, const Diagnosis& diagnosis) {
  for (const Kept& one : diagnosis.kept)
    if (one.finding.place == entry.place) return "now kept on purpose";
  for (const Dismissed& one : diagnosis.dismissed)
    if (one.finding.place == entry.place) return fmt::format("now {}", ReasonName(one.reason));
  return "not found again";
}

size_t CountOf(const std::vector<Checked>& checked, Standing standing) {
  return static_cast<size_t>(
      std::count_if(checked.begin(), checked.end(), [&](const Checked& one) { return one.standing == standing; }));
}

std::string Counted(size_t count, std::string_view what) { return fmt::format("{} {}", count, what); }

// "2 new, 1 faster than in the baseline"
std::string Explain(const CheckResult& result, const Diagnosis& diagnosis) {
  std::vector<std::string> parts;
  const auto say = [&](size_t count, std::string_view what) {
    if (count) parts.push_back(Counted(count, what));
  };
  say(CountOf(result.checked, Standing::kNew), "new");
  say(CountOf(result.checked, Standing::kFaster), "faster than in the baseline");
  say(CountOf(result.checked, Standing::kKnown), "known");
  say(CountOf(result.checked, Standing::kWithinLimit), "within the limit");
  say(CountOf(result.checked, Standing::kNotJudged), "that the limit cannot be held against: no iterations are marked");
  say(diagnosis.kept.size(), "kept on purpose");
  say(result.gone.size(), "gone");
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace

CheckResult Check(const Diagnosis& diagnosis, const Baseline& baseline, const Limits& limits) {
  std::vector<Identity> wanted, known;
  for (const Finding& f : diagnosis.findings) wanted.push_back(IdentityOf(f));
  for (const BaselineEntry& entry : baseline.known) known.push_back(IdentityOf(entry));
  const std::vector<size_t> partner = MatchByIdentity(wanted, known);

  CheckResult result;
  std::vector<bool> found(known.size(), false);
  for (size_t i = 0; i < wanted.size(); i++) {
    Checked one;
    one.finding = &diagnosis.findings[i];
    if (partner[i] != kNoMatch) {
      one.entry = &baseline.known[partner[i]];
      found[partner[i]] = true;
    }
    Judge(limits, one);
    result.checked.push_back(std::move(one));
  }
  JudgeTogether(limits, result.checked);
  for (size_t k = 0; k < known.size() && diagnosis.decidable; k++)
    if (!found[k]) result.gone.push_back({&baseline.known[k], FateOf(baseline.known[k], diagnosis)});

  const bool fails =
      std::any_of(result.checked.begin(), result.checked.end(), [](const Checked& c) { return c.fails(); });
  const bool not_judged = CountOf(result.checked, Standing::kNotJudged) > 0;
  const bool open = diagnosis.verdict == Verdict::kInconclusive || not_judged || !diagnosis.decidable;
  result.gate = fails ? Gate::kLeak : open ? Gate::kInconclusive : Gate::kPass;
  result.explanation = Explain(result, diagnosis);
  if (result.explanation.empty() || result.gate == Gate::kInconclusive) {
    if (!not_judged) result.explanation = diagnosis.decidable ? diagnosis.explanation : WhyUndecidable(diagnosis);
  }
  return result;
}

std::string_view StandingName(Standing standing) {
  switch (standing) {
    case Standing::kNew:
      return "new";
    case Standing::kFaster:
      return "faster";
    case Standing::kKnown:
      return "known";
    case Standing::kWithinLimit:
      return "within-limit";
    case Standing::kNotJudged:
      return "not-judged";
    case Standing::kUnsure:
      return "unsure";
  }
  return "unsure";
}

std::string_view GateName(Gate gate) {
  return gate == Gate::kPass ? "pass" : gate == Gate::kLeak ? "leak" : "inconclusive";
}

}  // namespace limpet::diagnose
