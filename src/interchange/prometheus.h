// Figures of a recording in Prometheus' text format: for node_exporter's textfile collector, a push gateway, or promtool.
#ifndef LIMPET_INTERCHANGE_PROMETHEUS_H_
#define LIMPET_INTERCHANGE_PROMETHEUS_H_

#include <cstdint>
#include <vector>

#include "capture/recording.h"
#include "interchange/sink.h"

namespace limpet::interchange {

// Totals of each process, and the lines with most live memory: `lines` of each process, 0 for all. (Every line is a time series.)
void WritePrometheus(const capture::Recording& recording, const std::vector<const capture::Process*>& processes,
                     uint32_t lines, Sink* sink);

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_PROMETHEUS_H_
