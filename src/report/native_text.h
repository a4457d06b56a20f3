// Native stacks as text: "malloc <- make_node (leaky.c:31) <- build_index (leaky.c:40) <- ffi_call_unix64 [libffi.so.8]".
#ifndef LIMPET_REPORT_NATIVE_TEXT_H_
#define LIMPET_REPORT_NATIVE_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "diagnose/finding.h"

namespace limpet::report {

// As many frames, from the innermost, as fit into `columns`; at least the first. A file is told by its last part, the library where it
// changes and no file is known.
std::string NativeInLine(const diagnose::NativeView& native, size_t columns);

// One line for each frame, with whole paths.
std::vector<std::string> NativeInLines(const diagnose::NativeView& native);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_NATIVE_TEXT_H_
