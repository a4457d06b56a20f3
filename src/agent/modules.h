// The writable data of the loaded libraries and the executable: where C variables live. Read from /proc/self/maps, which asks the kernel
// and not the dynamic linker: its lock may be held by a thread that a forked child does not have.
#ifndef LIMPET_AGENT_MODULES_H_
#define LIMPET_AGENT_MODULES_H_

#include "base/page_array.h"
#include "walk/walk.h"

namespace limpet::agent {

class LoadedModules {
 public:
  // Fills the list and returns how many there are; 0 where the file cannot be read. No allocation but from the kernel.
  size_t Find();
  // REQUIRES: asked after Find.
  const walk::ModuleData* list() const { return modules_.data(); }

 private:
  void ReadLine(const char* line, size_t length);

  base::PageArray<walk::ModuleData> modules_;
  char path_[256] = {};      // of the file whose mappings are being read
  uint64_t base_ = 0;        // where its first mapping begins
  uint64_t data_end_ = 0;    // end of its last writable one: anonymous memory right there is its zero-filled part
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_MODULES_H_
