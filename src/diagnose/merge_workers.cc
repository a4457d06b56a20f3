#include "diagnose/merge_workers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace limpet::diagnose {
namespace {

// The mean of what `n` processes have and what one more has.
void MeanOf(std::optional<double>& into, const std::optional<double>& other, size_t n) {
  if (!other) return;
  const double count = static_cast<double>(n);
  into = into ? (*into * count + *other) / (count + 1) : *other;
}

void MergeInto(Finding& into, const Finding& other) {
  if (into.heap.objects == 0 && other.heap.objects > 0) {
    into.heap = other.heap;
    into.kind = other.kind;
  }
  MeanOf(into.bytes_per_iteration, other.bytes_per_iteration, into.processes.size());
  MeanOf(into.objects_per_iteration, other.objects_per_iteration, into.processes.size());
  const double volume = into.volume + other.volume;
  if (volume > 0)
    into.bytes_per_volume = (into.bytes_per_volume * into.volume + other.bytes_per_volume * other.volume) / volume;
  into.volume = volume;
  into.live += other.live;
  into.births += other.births;
  into.bytes_per_second += other.bytes_per_second;
  into.objects_per_second += other.objects_per_second;
  into.old_deaths += other.old_deaths;
  into.confidence = std::max(into.confidence, other.confidence);
  into.stacks = std::max(into.stacks, other.stacks);
  into.processes.insert(into.processes.end(), other.processes.begin(), other.processes.end());
  into.shares.insert(into.shares.end(), other.shares.begin(), other.shares.end());
}

std::string KeyOf(const Finding& f) { return f.fingerprint; }
std::string KeyOf(const Dismissed& one) { return one.finding.fingerprint + char('0' + static_cast<int>(one.reason)); }
Finding& FindingOf(Finding& f) { return f; }
Finding& FindingOf(Dismissed& one) { return one.finding; }

template <typename T>
void Merge(std::vector<T>& all) {
  std::map<std::string, size_t> first;
  std::vector<T> merged;
  for (T& one : all) {
    Finding& f = FindingOf(one);
    if (f.shares.empty() && f.processes.size() == 1)
      f.shares = {{f.processes[0], f.live, f.bytes_per_second, f.objects_per_second}};
    const auto [known, fresh] = first.insert({KeyOf(one), merged.size()});
    if (!fresh) {
      Finding& into = FindingOf(merged[known->second]);
      const bool native =
          (into.kind == Kind::kNative) != (f.kind == Kind::kNative);  // one leaks in C, the other does not
      const bool other_process =
          std::find(into.processes.begin(), into.processes.end(), f.processes.front()) == into.processes.end();
      if (other_process && !native) {
        MergeInto(into, f);
        continue;
      }
    }
    merged.push_back(std::move(one));
  }
  all = std::move(merged);
}

}  // namespace

void MergeWorkers(std::vector<Finding>& findings) { Merge(findings); }
void MergeWorkers(std::vector<Dismissed>& dismissed) { Merge(dismissed); }

}  // namespace limpet::diagnose
