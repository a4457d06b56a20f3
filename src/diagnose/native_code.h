// Which C functions took the memory of a finding, where the program was run with --native.
#ifndef LIMPET_DIAGNOSE_NATIVE_CODE_H_
#define LIMPET_DIAGNOSE_NATIVE_CODE_H_

#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

// Fills Finding::native from the native stack with most live bytes; nothing happens where none were recorded.
void NameNativeCode(const capture::Process& process, std::vector<Finding>& findings);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_NATIVE_CODE_H_
