// The ELF reader on arbitrary bytes: it may find nothing, but stays inside them and comes to an end.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "process/executable.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  limpet::process::Executable executable;
  limpet::process::InspectElf({reinterpret_cast<const char*>(data), size}, &executable);
  return 0;
}
