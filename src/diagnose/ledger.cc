#include "diagnose/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/diagnose.h"
#include "diagnose/ledger_of.h"
#include "diagnose/unit.h"

namespace limpet::diagnose {
namespace {

using base::FormatBytes;
using base::FormatCount;
using base::Plural;
using capture::LedgerPin;
using capture::LedgerRecord;
using capture::Process;

constexpr uint64_t kWorthANote = 4'000'000;  // bytes, and this part of the process's own memory
constexpr double kWorthShare = 0.1;
constexpr uint64_t kWorthARise = 8'000'000;  // of RSS, and this part of it
constexpr double kRiseShare = 0.2;
constexpr double kUnderWay = 0.1;  // of the run: what came before is start-up
constexpr size_t kShownPins = 3;

std::vector<LedgerPart> PartsOf(const LedgerRecord& r) {
  return {{"live_python", "live Python objects and their storage", r.live_python},
          {"live_raw", "live blocks of PyMem_RawMalloc", r.live_raw},
          {"live_native", "live blocks of malloc", r.live_native},
          {"live_mapped", "mapped by the program", r.live_mapped},
          {"arena_free", "free in pymalloc's arenas", r.arena_free},
          {"arena_rounding", "rounding in pymalloc's arenas", r.arena_rounding},
          {"malloc_free_pages", "free in malloc's heaps, whole pages", r.malloc_pages},
          {"malloc_free_parts", "free in malloc's heaps, between live blocks", r.malloc_parts},
          {"malloc_rounding", "malloc's headers and rounding", r.malloc_rounding},
          {"stacks", "stacks of threads", r.stacks},
          {"library_data", "variables of the program and its libraries", r.library_data},
          {"limpet", "limpet's own", r.agent}};
}

std::vector<Location> StackOfPin(const Process& process, uint32_t record) {
  std::vector<Location> out;
  if (record >= process.site_of_record.size() || !process.site_of_record[record]) return out;
  const capture::Site& site = process.sites[process.site_of_record[record]->value];
  for (const capture::FrameId frame : process.Stack(site.node)) out.push_back(LocationOf(process, frame));
  return out;
}

// Sites of one line are one; those without a Python frame too.
std::vector<PinningSite> PinsOf(const Process& process, const LedgerPin (&pins)[capture::kMaxPins]) {
  std::vector<PinningSite> out;
  for (const LedgerPin& pin : pins) {
    if (pin.blocks == 0) break;
    std::vector<Location> stack = StackOfPin(process, pin.site);
    const auto same = std::find_if(out.begin(), out.end(), [&](const PinningSite& other) {
      return stack.empty() || other.site.empty() ? stack.empty() == other.site.empty()
                                                 : other.site.front() == stack.front();
    });
    if (same == out.end()) {
      out.push_back({std::move(stack), pin.blocks, pin.bytes, pin.pinned});
      continue;
    }
    same->blocks += pin.blocks;
    same->bytes += pin.bytes;
    same->pinned += pin.pinned;
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.pinned > b.pinned; });
  return out;
}

}  // namespace

Ledger LedgerOf(const Process& process, const LedgerRecord& r) {
  Ledger ledger;
  ledger.time_ns = r.time_ns;
  ledger.frozen = r.flags & capture::kLedgerFrozen;
  ledger.own = r.anon;
  ledger.parts = PartsOf(r);
  ledger.rest = static_cast<int64_t>(r.anon);
  for (const LedgerPart& part : ledger.parts) ledger.rest -= static_cast<int64_t>(part.bytes);
  ledger.file = r.file;
  ledger.shared = r.shared;
  ledger.swap = r.swap;
  ledger.untouched = r.untouched;
  ledger.recording = std::min(r.recording, r.file);
  ledger.arenas = r.arenas;
  ledger.sparse_arenas = r.sparse_arenas;
  ledger.pinned = std::min(r.pinned, r.arena_free);
  ledger.malloc_heaps = r.malloc_heaps;
  ledger.thread_stacks = r.thread_stacks;
  if (r.flags & capture::kLedgerCgroup) {
    ledger.cgroup_bytes = r.cgroup_bytes;
    ledger.cgroup_file = r.cgroup_file;
  }
  ledger.arena_pins = PinsOf(process, r.arena_pins);
  ledger.malloc_pins = PinsOf(process, r.malloc_pins);
  ledger.trim = process.memory.trim;
  return ledger;
}

namespace {

std::optional<Course> CourseOf(const Process& process, uint64_t until_ns) {
  const capture::SampleRecord *before = nullptr, *after = nullptr;
  for (const capture::SampleRecord& sample : process.samples) {
    if (sample.rss_bytes == 0 || sample.time_ns > until_ns) continue;
    if (!before || static_cast<double>(sample.time_ns) <= kUnderWay * static_cast<double>(until_ns)) before = &sample;
    after = &sample;
  }
  if (!before || before == after) return std::nullopt;
  // The sample and the ledger are two looks; the ledger's is the later one.
  return Course{before->rss_bytes, after->rss_bytes, before->live_bytes, after->live_bytes};
}

std::string PlaceOf(const PinningSite& pin) {
  if (pin.site.empty()) return "C code without a Python frame";
  const Location& where = pin.site.front();
  const std::string file = where.file.substr(where.file.rfind('/') + 1);
  return fmt::format("{}:{} in {}", file, where.line, where.function);
}

std::string PinsInWords(const std::vector<PinningSite>& pins) {
  std::string out;
  for (size_t i = 0; i < std::min(pins.size(), kShownPins) && pins[i].pinned >= pins[0].pinned / 10; i++)
    out += fmt::format("{}{} ({}, {})", i ? ", " : "", PlaceOf(pins[i]), Plural(pins[i].blocks, "block"),
                       FormatBytes(pins[i].bytes));
  return out;
}

bool Worth(uint64_t bytes, const Ledger& ledger) {
  return bytes >= kWorthANote && static_cast<double>(bytes) >= kWorthShare * static_cast<double>(ledger.own);
}

std::string CourseInWords(const Course& c) {
  return fmt::format("RSS went from {} to {}, live memory from {} to {}", FormatBytes(c.rss_before),
                     FormatBytes(c.rss_after), FormatBytes(c.live_before), FormatBytes(c.live_after));
}

MemoryNote NewNote(const MemoryAccount& account, std::string_view reason, uint64_t bytes, std::string text) {
  MemoryNote note;
  note.reason = reason;
  note.text = text;
  note.finding.kind = reason == "fragmentation" ? Kind::kPythonObject : Kind::kNative;
  note.finding.confidence = 0.9;  // counted page by page: what is left open is whether it matters
  note.finding.live.bytes = bytes;
  note.finding.evidence = {std::move(text)};
  if (account.course) note.finding.evidence.push_back(CourseInWords(*account.course));
  return note;
}

// Few live blocks, scattered over arenas (or pages of malloc's heaps) that can therefore not be given back.
void AddFragmentation(MemoryAccount& account) {
  const Ledger& ledger = *account.ledger;
  const uint64_t parts = ledger.Part("malloc_free_parts");
  const uint64_t bytes = ledger.pinned + parts;
  if (!Worth(bytes, ledger)) return;
  const bool python = ledger.pinned >= parts;
  const std::vector<PinningSite>& pins = python ? ledger.arena_pins : ledger.malloc_pins;
  std::string where = python ? fmt::format("free in {} of pymalloc's {} arenas that are less than half full",
                                           FormatCount(ledger.sparse_arenas), FormatCount(ledger.arenas))
                             : std::string("free between live blocks of malloc's heaps");
  std::string text = fmt::format("{} are {}", FormatBytes(python ? ledger.pinned : parts), where);
  if (!pins.empty()) text += ", pinned by what was born at " + PinsInWords(pins);
  MemoryNote note = NewNote(account, "fragmentation", bytes, std::move(text));
  if (!python) note.finding.kind = Kind::kNative;
  if (!pins.empty()) {
    note.finding.site = pins.front().site;
    note.finding.live.blocks = pins.front().blocks;
  }
  note.finding.heap.fix =
      "what stays shares its arenas with what went: make it before the bulk or after it, or copy it when the bulk is "
      "gone; "
      "new objects of the same sizes use the room meanwhile";
  account.notes.push_back(std::move(note));
}

void AddRetention(MemoryAccount& account) {
  const Ledger& ledger = *account.ledger;
  const uint64_t bytes = ledger.Part("malloc_free_pages");
  const auto& trim = ledger.trim;
  const uint64_t given = trim && trim->anon_before > trim->anon_after ? trim->anon_before - trim->anon_after : 0;
  if (!Worth(bytes, ledger) && !Worth(given, ledger)) return;
  std::string text =
      bytes >= given
          ? fmt::format("{} are freed, but kept by malloc in {}: pages without a live block", FormatBytes(bytes),
                        Plural(ledger.malloc_heaps, "heap"))
          : fmt::format("malloc kept {} that were freed, until it was asked to give them back", FormatBytes(given));
  MemoryNote note = NewNote(account, "arena-retention", std::max(bytes, given), std::move(text));
  if (trim) {
    note.finding.evidence.push_back(fmt::format("tried {} after the start: malloc_trim(0) gave {} back to the system",
                                                base::FormatDuration(trim->time_ns), FormatBytes(given)));
  } else {
    note.finding.evidence.push_back(
        "`limpet snapshot PID --trim`, while the program runs, tries how much of it malloc_trim(0) gives back");
  }
  note.finding.heap.fix =
      ledger.malloc_heaps > 2
          ? "MALLOC_ARENA_MAX=2 in the environment makes threads share malloc's heaps; malloc_trim(0) gives free pages "
            "back"
          : "malloc_trim(0) (ctypes can call it) gives free pages back; MALLOC_TRIM_THRESHOLD_ makes free do it sooner";
  account.notes.push_back(std::move(note));
}

// Pages of files are nobody's memory for long. A container's figure contains them all the same.
void AddPageCache(const Process& process, MemoryAccount& account) {
  const Ledger& ledger = *account.ledger;
  const uint64_t mapped = ledger.file - ledger.recording;
  const uint64_t cache = ledger.cgroup_file.value_or(0);
  // The group may be a whole machine's: it speaks of this program where the program is most of it, and its cache rose meanwhile.
  const uint64_t first = process.memory.ledgers.front().cgroup_file;
  const uint64_t group = ledger.cgroup_bytes.value_or(0);
  const bool by_group = cache * 2 >= group && cache >= first + 4 * kWorthANote && ledger.own * 2 + cache >= group;
  const bool by_mapping = mapped >= 4 * kWorthANote && mapped * 2 >= ledger.own;
  if (!by_group && !by_mapping) return;
  std::string text =
      by_mapping ? fmt::format("{} of RSS are pages of files that are mapped: the kernel drops them when it needs room",
                               FormatBytes(mapped))
                 : fmt::format(
                       "of {} that its cgroup counts, {} are page cache of files (also of other processes in it), "
                       "and only {} the process's own",
                       FormatBytes(*ledger.cgroup_bytes), FormatBytes(cache), FormatBytes(ledger.own));
  MemoryNote note = NewNote(account, "page-cache", by_mapping ? mapped : cache, std::move(text));
  note.in_rss = by_mapping;
  note.finding.heap.fix =
      "nothing: watch the process's own memory instead (RssAnon in /proc/PID/status; anon in the cgroup's memory.stat)";
  account.notes.push_back(std::move(note));
}

// One line for the end screen, when what rose is not what the findings tell.
std::string UnexplainedRise(const MemoryAccount& account, int32_t pid, const std::vector<Finding>& findings) {
  const auto note =
      std::find_if(account.notes.begin(), account.notes.end(), [](const MemoryNote& n) { return n.in_rss; });
  if (!account.course || note == account.notes.end()) return "";
  const Course& c = *account.course;
  const uint64_t rise = c.rss_after > c.rss_before ? c.rss_after - c.rss_before : 0;
  if (rise < kWorthARise || static_cast<double>(rise) < kRiseShare * static_cast<double>(c.rss_after)) return "";
  uint64_t explained = 0;
  for (const Finding& f : findings) {
    const bool here = std::find(f.processes.begin(), f.processes.end(), pid) != f.processes.end();
    if (here && f.confidence >= kSure) explained += f.live.bytes;
  }
  if (explained * 2 >= rise) return "";
  return fmt::format("RSS rose by {}: {}", FormatBytes(rise), note->text);
}

}  // namespace

uint64_t Ledger::Part(std::string_view key) const {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const LedgerPart& part) { return part.key == key; });
  return found == parts.end() ? 0 : found->bytes;
}

MemoryAccount AccountMemory(const Process& process, const std::vector<Finding>& findings) {
  MemoryAccount account;
  if (process.memory.ledgers.empty()) return account;
  account.ledger = LedgerOf(process, process.memory.ledgers.back());
  account.course = CourseOf(process, account.ledger->time_ns);
  AddFragmentation(account);
  AddRetention(account);
  AddPageCache(process, account);
  std::stable_sort(account.notes.begin(), account.notes.end(), [](const MemoryNote& a, const MemoryNote& b) {
    return a.finding.live.bytes > b.finding.live.bytes;
  });
  account.unexplained_rise = UnexplainedRise(account, process.pid, findings);
  return account;
}

}  // namespace limpet::diagnose
