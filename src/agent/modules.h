// The writable data of the loaded libraries and the executable: where C variables live. Which files are mapped is read from
// /proc/self/maps, which asks the kernel and not the dynamic linker: its lock may be held by a thread that a forked child does not have.
// Where a file's data lies is told by the program headers at its start.
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
  void AddFile(uint64_t base, const char* path, size_t path_length);
  void LeaveOutOwn();

  base::PageArray<walk::ModuleData> modules_;
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_MODULES_H_
