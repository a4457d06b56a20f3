// What stays of requests, by who answers them: `limpet.middleware` and its kin count the requests, the stacks tell whose memory is whose.
//
// A block belongs to the outermost function in its stack that answers requests, or that such a function defines (a generator that a
// server goes through later). Requests that run at the same time are so told apart by whose code allocated, never by the clock. What is
// allocated around these functions (middleware, dependencies) is in rows of its own, and what no request's stack has is in none.
#ifndef LIMPET_DIAGNOSE_ENDPOINTS_H_
#define LIMPET_DIAGNOSE_ENDPOINTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

// One line of the program, with what stays of a request because of it.
struct EndpointLine {
  Location where;
  capture::Amount live;
  double bytes_per_request = 0;
};

struct Endpoint {
  capture::RequestKind kind = capture::RequestKind::kFunction;
  std::string name;
  Location function;      // that answers; kFunction only
  uint64_t requests = 0;  // that have ended
  capture::Amount live;   // at the moment looked at, of all of them
  // Of the requests from the first quarter to the last eighth: without what is made once at the beginning, and what is still at work at the
  // end. False: there were too few to leave any out, and what is made once is in these figures.
  bool settled = false;
  uint64_t measured = 0;            // requests that the next two are of
  capture::Amount stayed;           // of them
  std::vector<EndpointLine> lines;  // most bytes a request first; at most kEndpointLines

  double BytesPerRequest() const { return measured ? double(stayed.bytes) / double(measured) : 0; }
  double BlocksPerRequest() const { return measured ? double(stayed.blocks) / double(measured) : 0; }
};

inline constexpr size_t kEndpointLines = 5;

struct Endpoints {
  std::vector<Endpoint> rows;  // those that keep most first; kRest last
  uint64_t requests = 0;       // all that ended
  uint64_t under_way = 0;      // begun and not ended
};

// Of the processes together, where several answer. Empty where nobody counted.
Endpoints FindEndpoints(const std::vector<const capture::Process*>& processes);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_ENDPOINTS_H_
