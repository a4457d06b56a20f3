#include "diagnose/native_code.h"

#include <map>
#include <utility>

#include "diagnose/unit.h"
#include "process/code_symbols.h"

namespace limpet::diagnose {
namespace {

using capture::Domain;
using capture::NativeId;

std::string_view AllocatorName(Domain domain) {
  switch (domain) {
    case Domain::kRaw:
      return "PyMem_RawMalloc";
    case Domain::kMem:
      return "PyMem_Malloc";
    case Domain::kObject:
      return "PyObject_Malloc";
    case Domain::kMalloc:
      return "malloc";
    case Domain::kMap:
    case Domain::kFileMap:
      return "mmap";
  }
  return "malloc";
}

// Sums over the sites of a finding that share their C functions.
struct Sum {
  capture::Amount live;
  Domain domain = Domain::kMalloc;
};

void NameOne(const capture::Process& process, process::CodeSymbols& symbols, Finding& finding) {
  std::map<NativeId, Sum> sums;
  for (const uint32_t index : finding.sites) {
    const capture::Site& site = process.sites[index];
    const capture::Amount live = LiveAt(site, finding.as_of);
    if (site.native.value == 0 || live.blocks == 0) continue;
    Sum& sum = sums[site.native];
    sum.live += live;
    sum.domain = site.domain;
  }
  if (sums.empty()) return;
  auto most = sums.begin();
  for (auto one = sums.begin(); one != sums.end(); ++one) {
    if (one->second.live.bytes > most->second.live.bytes) most = one;
  }
  NativeView& view = finding.native;
  view.stacks = uint32_t(sums.size());
  view.live = most->second.live;
  view.allocator = AllocatorName(most->second.domain);
  for (const NativeId id : process.NativeStack(most->first)) {
    const capture::Native& native = process.natives[id.value];
    for (const process::CodePlace& place : symbols.CallBefore(native.module, native.build_id, native.address))
      view.stack.push_back({place.function, place.file, place.line, place.module});
  }
}

}  // namespace

void NameNativeCode(const capture::Process& process, std::vector<Finding>& findings) {
  if (process.natives.size() < 2) return;
  process::CodeSymbols symbols;
  for (Finding& finding : findings) NameOne(process, symbols, finding);
}

}  // namespace limpet::diagnose
