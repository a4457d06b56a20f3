#include "diagnose/diagnose.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/asleep.h"
#include "diagnose/cluster.h"
#include "diagnose/describe.h"
#include "diagnose/describe_heap.h"
#include "diagnose/fingerprint.h"
#include "diagnose/heap_image.h"
#include "diagnose/merge_workers.h"
#include "diagnose/native_code.h"
#include "diagnose/suspects.h"
#include "diagnose/swollen.h"
#include "diagnose/thread_work.h"
#include "diagnose/unit.h"
#include "diagnose/weigh_heap.h"

namespace limpet::diagnose {
namespace {

using capture::Process;

constexpr size_t kMinGroups = 6;
constexpr double kBacklog = 0.7;              // of what leaves its holder more slowly than it comes
constexpr double kSwollen = 0.85;             // of one object that grows in the heap as its storage does
constexpr double kContradicted = 0.1;         // what is left of a confidence that the heap speaks against
constexpr uint64_t kDismissedBytes = 16'000;  // less is not worth a word

struct ProcessResult {
  std::vector<Finding> findings;
  std::vector<Dismissed> dismissed;
  std::string too_little;  // was seen of a program that slept, and why it tells nothing; or ""
};

// What the heap says against a leak makes its lines dismissed ones; what it says for it clears up doubts.
bool TakeHeapVerdict(const Process& process, const UnitTable& table, const std::vector<Suspect>& suspects,
                     const Cluster& cluster, const HeapVerdict& verdict, ProcessResult& result) {
  if (!verdict.dismissed) return false;
  for (const size_t member : cluster.members) {
    Suspect suspect = suspects[member];
    if (suspect.live.bytes < kDismissedBytes && member != cluster.members.front()) continue;
    suspect.reason = *verdict.dismissed;
    suspect.confidence = kContradicted;
    result.dismissed.push_back(DescribeDismissed(process, table, suspect));
    if (!verdict.sentence.empty()) result.dismissed.back().finding.evidence = {verdict.sentence};
  }
  return true;
}

// The heap shows that what grows is held, and becomes more.
void ClearDoubts(Suspect& suspect, const HeapVerdict& verdict) {
  suspect.confirmed = true;
  if (suspect.signal == Signal::kSwelling) {
    suspect.confidence = std::max(suspect.confidence, std::min(kSwollen, suspect.most_confidence));
    return;
  }
  // (What fills a ring becomes more, too, as long as it does.)
  if (suspect.signal != Signal::kSurvival || (suspect.grows_together_only && !verdict.all_stayed)) return;
  suspect.grows_together_only = false;
  suspect.may_be_garbage = suspect.against_course = false;
  double confidence = suspect.judgement.confidence;
  // What was born before the growth and is gone may have been a ring's; but a ring's holder does not grow.
  const double none_before = suspect.judgement.factors.none_before;
  if (verdict.goes_on && none_before > 0)
    confidence = std::max(confidence, std::min(kBacklog, confidence / none_before));
  suspect.confidence = std::min(confidence, suspect.most_confidence);
}

constexpr double kContradictory = 0.45;

// Lines that grow, joined by rhythm and by who holds what was born there; each group is one finding.
class LeakFinder {
 public:
  LeakFinder(const Process& process, const UnitTable& table, std::vector<Suspect>& suspects, HeapImages& images,
             ProcessResult& result)
      : process_(process),
        table_(table),
        suspects_(suspects),
        images_(images),
        witness_(process, images),
        result_(result) {}

  void Find() {
    HeapImage* const newest = images_.Newest();
    std::vector<Cluster> clusters = ClusterSuspects(
        process_, table_, suspects_, [newest](size_t a, size_t b) { return newest && newest->AreApart(a, b); });
    std::vector<ClusterObjects> objects = FindClusterObjects(images_, suspects_, clusters);
    for (size_t i = 0; i < clusters.size(); ++i) TakeCluster(clusters[i], objects[i]);
    for (HeapImage* const image : images_.loaded()) {
      MergeByHolder(image, image->analysis(), result_.findings, found_);
    }
    MergeByWay(result_.findings, found_);
    MergeHoldersInC(result_.findings);
    MergeSubclassKeys(result_.findings);
    MergeWorkOfThreads(process_, result_.findings);
    HintAtOwners(result_.findings);
  }

 private:
  void TakeCluster(Cluster& cluster, ClusterObjects& objects) {
    const size_t heaviest = cluster.members.front();
    NameAfterHeld(table_, suspects_, objects, cluster);
    const std::optional<Swollen> swollen = FindSwollen(images_, suspects_, cluster, objects.objects.nodes);
    if (swollen) TakeSwollen(*swollen, objects);
    const HeapVerdict verdict = swollen ? WeighSwollen(*swollen, suspects_[cluster.members.front()])
                                        : WeighHeap(process_, witness_, objects, suspects_, cluster);
    if (TakeHeapVerdict(process_, table_, suspects_, cluster, verdict, result_)) return;
    if (verdict.members_grow) {
      objects.pile.subjects = objects.pile.members;
      NameAfterHeld(table_, suspects_, objects, cluster);
    }
    if (verdict.confirmed) {
      for (const size_t member : cluster.members) ClearDoubts(suspects_[member], verdict);
    }
    if (verdict.of_others) objects.Forget();
    Finding finding = DescribeCluster(process_, table_, suspects_, cluster);
    if (heaviest != cluster.members.front())
      finding.known_by = LocationOf(process_, table_.units[suspects_[heaviest].unit].frame);
    if (verdict.confirmed) finding.evidence.push_back(verdict.sentence);
    const bool owned = swollen || objects.owners;  // by this object, or by these
    if (owned && (finding.kind == Kind::kNative || finding.kind == Kind::kRawBlock)) finding.kind = Kind::kPythonObject;
    if (verdict.of_others && suspects_[cluster.members.front()].mostly_native) finding.kind = Kind::kNative;
    HeapImage* const newest = images_.Newest();
    const bool none_seen =
        newest && !owned && finding.kind == Kind::kPythonObject && newest->AreNoObjects(cluster.members);
    if (none_seen) finding.kind = Kind::kRawBlock;
    objects.uncollectable = verdict.uncollectable;
    const bool speak_for_all = DescribeHeap(objects, finding);
    if (!speak_for_all && !owned && objects.image == newest && finding.kind == Kind::kPythonObject &&
        newest->ShowsAllOf(cluster.members)) {
      finding.kind = suspects_[cluster.members.front()].mostly_native ? Kind::kNative : Kind::kRawBlock;
      finding.evidence.emplace_back("all objects are in that snapshot: the other blocks are C code's own");
    }
    if (none_seen && finding.heap.types.empty()) {
      finding.evidence.emplace_back("the heap snapshot finds no objects in these blocks: C code made them for itself");
    } else if (none_seen) {
      finding.kind = Kind::kPythonObject;
      finding.confidence = std::min(finding.confidence, kContradictory);
      finding.evidence.emplace_back("doubt: one heap snapshot shows objects in these blocks, another hardly any");
    }
    if (swollen && !swollen->way.empty()) finding.heap.fix = fmt::format("truncate, consume or bound {}", swollen->way);
    result_.findings.push_back(std::move(finding));
    found_.push_back(objects.objects);
  }

  const Process& process_;
  const UnitTable& table_;
  std::vector<Suspect>& suspects_;
  HeapImages& images_;
  GrowthWitness witness_;
  ProcessResult& result_;
  std::vector<FindingObjects> found_;  // of the findings, by index
};

void FindLeaks(const Process& process, const UnitTable& table, std::vector<Suspect>& suspects, HeapImages& images,
               ProcessResult& result) {
  const bool any =
      std::any_of(suspects.begin(), suspects.end(), [](const Suspect& s) { return s.signal != Signal::kNone; });
  if (any) LeakFinder(process, table, suspects, images, result).Find();
}

ProcessResult DiagnoseProcess(const capture::Recording& recording, const Process& process) {
  ProcessResult result;
  UnitTable table = GroupByLine(process);
  std::vector<Suspect> suspects = FindSuspects(process, table);
  HeapImages images(recording, process, table, suspects);
  FindLeaks(process, table, suspects, images, result);
  SetFingerprints(recording.run, result.findings);
  NameNativeCode(process, result.findings);
  for (const Suspect& suspect : suspects) {
    bool worth = std::max(suspect.live.bytes, suspect.peak_live.bytes) >= kDismissedBytes;
    if (suspect.signal == Signal::kNone && worth)
      result.dismissed.push_back(DescribeDismissed(process, table, suspect));
  }
  SetFingerprints(recording.run, result.dismissed);
  result.too_little = SleptTooMuch(process, table);
  return result;
}

double Importance(const Finding& f) {
  return (f.confidence >= kSure ? 1e6 : 1.0) * f.confidence * (1.0 + f.bytes_per_second);
}

// Why a process can tell nothing, or "".
std::string Undecidable(const Process& process) {
  if (process.state == capture::State::kRefused) return "it was not traced: " + process.reason;
  if (process.births.blocks == 0) return "it allocated nothing that limpet saw";
  if (process.groups.size() < kMinGroups)
    return fmt::format("it was too short: {} of {} epochs; let it work longer", process.groups.size(), kMinGroups);
  if (process.limits & capture::kLimitHooksLost) return "something replaced Python's allocators while it ran";
  if (process.limits & (capture::kLimitDisk | capture::kLimitBlocks))
    return "the recording stopped growing before the program ended (disk full or size limit)";
  if (process.state == capture::State::kStopped) return "tracing stopped early: " + process.reason;
  return "";
}

std::string ExplainLeak(const std::vector<Finding>& findings) {
  size_t sure = 0;
  double rate = 0;
  for (const Finding& f : findings) {
    if (f.confidence < kSure) continue;
    sure++;
    rate += f.bytes_per_second;
  }
  return fmt::format("{} memory that is never freed while new comes: {}/s together",
                     sure == 1 ? std::string("1 place keeps") : fmt::format("{} places keep", sure),
                     base::FormatBytes(static_cast<uint64_t>(rate)));
}

// The largest process stands for the run: helpers that live for a moment do not make it undecidable. REQUIRES: there is one.
const Process& LargestOf(const std::vector<const Process*>& processes) {
  return **std::max_element(processes.begin(), processes.end(),
                            [](const Process* a, const Process* b) { return a->births.bytes < b->births.bytes; });
}

size_t IndexOfLargest(const std::vector<const Process*>& processes) {
  return static_cast<size_t>(std::find(processes.begin(), processes.end(), &LargestOf(processes)) - processes.begin());
}

std::string UndecidableRun(const std::vector<const Process*>& processes) {
  if (processes.empty()) return "no process was recorded";
  const std::string why = Undecidable(LargestOf(processes));
  return why.empty() ? why : fmt::format("process {}: {}", LargestOf(processes).pid, why);
}

// `too_little` by process.
void Decide(const std::vector<const Process*>& processes, const std::vector<std::string>& too_little, Diagnosis& d) {
  const std::string why = UndecidableRun(processes);
  const bool brief = !processes.empty() && static_cast<double>(LargestOf(processes).duration_ns) / 1e9 < kLeastSeconds;
  d.decidable = why.empty() && !brief;
  if (std::any_of(d.findings.begin(), d.findings.end(), [](const Finding& f) { return f.confidence >= kSure; })) {
    d.verdict = Verdict::kLeak;
    d.explanation = ExplainLeak(d.findings);
    return;
  }
  d.verdict = Verdict::kInconclusive;
  if (!why.empty()) {
    d.explanation = why;
    return;
  }
  uint64_t live = LiveAtReference(LargestOf(processes)).bytes;
  for (const Finding& f : d.findings) {
    if (f.live.bytes < std::max<uint64_t>(kDismissedBytes, live / 100)) continue;
    d.explanation =
        "something grew, but too little or too unevenly to be sure; a longer run under the same load would decide";
    return;
  }
  // (Of a program of a blink the verdict stands, and WhyUndecidable tells what it is worth.)
  if (const std::string& slept = too_little[IndexOfLargest(processes)]; !slept.empty() && !brief) {
    d.decidable = false;
    d.explanation = fmt::format("process {}: {}", LargestOf(processes).pid, slept);
    return;
  }
  d.verdict = Verdict::kNoLeak;
  d.explanation = "nothing grows: where births go on, old blocks die; where old blocks stay, no new ones come";
}

}  // namespace

capture::Amount LiveAtReference(const Process& process) {
  return ReferenceOf(process) == AsOf::kFinalize ? process.final.live : process.live();
}

std::string WhyUndecidable(const Diagnosis& d) {
  if (d.verdict == Verdict::kInconclusive && !d.explanation.empty()) return d.explanation;
  return fmt::format("it was too short: less than {} ms; let it work longer", static_cast<int>(kLeastSeconds * 1000));
}

Diagnosis Diagnose(const capture::Recording& recording, const Options& options) {
  Diagnosis d;
  std::vector<const Process*> processes;
  std::vector<std::string> too_little;
  for (const Process& process : recording.processes) {
    if (options.pid && process.pid != *options.pid) continue;
    processes.push_back(&process);
    ProcessResult result = DiagnoseProcess(recording, process);
    std::move(result.findings.begin(), result.findings.end(), std::back_inserter(d.findings));
    std::move(result.dismissed.begin(), result.dismissed.end(), std::back_inserter(d.dismissed));
    too_little.push_back(std::move(result.too_little));
  }
  MergeWorkers(d.findings);
  MergeWorkers(d.dismissed);
  std::stable_sort(d.findings.begin(), d.findings.end(),
                   [](const Finding& a, const Finding& b) { return Importance(a) > Importance(b); });
  std::stable_sort(d.dismissed.begin(), d.dismissed.end(),
                   [](const Dismissed& a, const Dismissed& b) { return a.finding.live.bytes > b.finding.live.bytes; });
  if (options.keep) TakeKept(recording, *options.keep, ReadSourcesOf(recording), d);
  Decide(processes, too_little, d);
  if (d.findings.size() > options.max_findings) d.findings.resize(options.max_findings);
  if (d.dismissed.size() > options.max_dismissed) d.dismissed.resize(options.max_dismissed);
  return d;
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kPythonObject:
      return "python-object";
    case Kind::kRawBlock:
      return "raw-block";
    case Kind::kNative:
      return "native";
    case Kind::kCycle:
      return "cycle";
    case Kind::kRefcount:
      return "refcount";
  }
  return "python-object";
}

std::string_view VerdictName(Verdict verdict) {
  return verdict == Verdict::kLeak ? "leak" : verdict == Verdict::kNoLeak ? "no-leak" : "inconclusive";
}

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kBounded:
      return "bounded";
    case Reason::kWarmUp:
      return "warm-up";
    case Reason::kOneOff:
      return "one-off";
    case Reason::kFlushed:
      return "flushed";
    case Reason::kReleased:
      return "released";
    case Reason::kDeferred:
      return "deferred";
    case Reason::kTooFew:
      return "too-few";
  }
  return "too-few";
}

}  // namespace limpet::diagnose
