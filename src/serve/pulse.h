// Whether a recording has changed since one last looked, without reading it.
#ifndef LIMPET_SERVE_PULSE_H_
#define LIMPET_SERVE_PULSE_H_

#include <string>

namespace limpet::serve {

// A short text that is another one whenever the program has recorded something since: made of the names in the recording's
// folders and of the header of each process. (Times of change say nothing: the program writes through a mapping.) Takes what it
// finds, also of a recording that is damaged or gone.
std::string PulseOf(const std::string& recording);

}  // namespace limpet::serve

#endif  // LIMPET_SERVE_PULSE_H_
