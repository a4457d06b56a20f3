// `limpet run --tracemalloc`: when the program imports _tracemalloc, it gets limpet's functions of that name. The interpreter makes its built-in
// modules by a table of names and functions, which it copies when it starts; before that, we put a function of ours in. It loads the
// extension module of limpet's Python package, which lies beside the agent, and without that calls the interpreter's own.
#ifndef LIMPET_AGENT_STAND_IN_H_
#define LIMPET_AGENT_STAND_IN_H_

namespace limpet::agent {

// REQUIRES: the interpreter has not started.
void StandInForTracemalloc();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_STAND_IN_H_
