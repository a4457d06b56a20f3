// The load-time self-check: the hooks read no frame before this interpreter proved to be laid out as limpet expects.
#ifndef LIMPET_AGENT_VERIFY_H_
#define LIMPET_AGENT_VERIFY_H_

#include "agent/python.h"

namespace limpet::agent {

// Called by hooks until it says true once: looks at the calling thread's frames as soon as there are some. When something does not
// fit, the recording stops and says what. REQUIRES: the caller holds the interpreter lock.
template <class L>
bool PassesSelfCheck();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_VERIFY_H_
