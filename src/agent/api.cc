#include "agent/api.h"

#include "agent/counters.h"
#include "agent/epochs.h"
#include "agent/in_process.h"
#include "agent/own_file.h"
#include "agent/python.h"
#include "agent/snapshot.h"
#include "agent/traces.h"
#include "capture/requests_format.h"

namespace limpet::agent {

namespace {

using capture::CodeRecord;
using capture::EpochRecord;
using capture::FrameRecord;
using capture::NodeRecord;
using capture::SiteRecord;
using capture::Table;

bool IsRecording() { return g_gate.state == uint32_t(Gate::kOpen); }

int32_t Start(const LimpetStart* wish, char* error, size_t room) { return StartInProcess(*wish, error, room); }
int32_t Stop() { return StopInProcess(); }

void State(LimpetState* state) {
  *state = {};
  state->recording = IsRecording() ? 1 : 0;
  state->in_process = StartedInProcess() ? 1 : 0;
  state->python_seen = g_python.main_interpreter != nullptr ? 1 : 0;
  state->pid = g_agent.pid;
  state->directory = g_agent.options.directory;
  state->folder = g_agent.file.folder();
  state->refusal = g_agent.refusal;
  capture::FileHeader* header = g_agent.file.header();
  if (!header || !IsRecording()) return;
  if (Thread* thread = Enter()) {
    AddUp(thread);
    Leave();
  }
  state->allocated_bytes = g_counters.volume;
  state->live_bytes = g_counters.volume - g_counters.freed;
  state->peak_bytes = header->peak_bytes > state->live_bytes ? header->peak_bytes : state->live_bytes;
  state->epoch = g_counters.epoch;
  state->snapshots_done = header->snapshots_done;
}

void Mark(const char* name) {
  if (IsRecording()) NoteMark(name, false);
}
void Iteration() {
  if (IsRecording()) NoteMark(nullptr, true);
}

int32_t BirthOf(const void* block, LimpetBirth* birth) {
  *birth = {};
  const auto address = reinterpret_cast<uint64_t>(block);
  const uint32_t* word = IsRecording() && address % 16 == 0 ? FindWord(address) : nullptr;
  if (!word || !*word) return 0;
  const Row row = DecodeRow(word);
  const CellRecord& cell = PairAt(row.cell)->half[0];
  DataFile& file = g_agent.file;
  const uint32_t epochs = file.Count(Table::kEpochs);
  if (cell.site >= file.Count(Table::kSites) || cell.epoch >= epochs) return 0;
  const uint64_t start = file.header()->start_monotonic_ns;
  birth->size = row.size;
  birth->site = cell.site;
  birth->epoch = cell.epoch;
  birth->from_ns = start + file.At<EpochRecord>(Table::kEpochs, cell.epoch)->start_ns;
  birth->now_ns = NowNs();
  birth->to_ns =
      cell.epoch + 1 < epochs ? start + file.At<EpochRecord>(Table::kEpochs, cell.epoch + 1)->start_ns : birth->now_ns;
  birth->domain = file.At<SiteRecord>(Table::kSites, cell.site)->domain;
  return 1;
}

void TakeText(uint32_t id, const char** text, uint32_t* size) {
  const DataFile::Text stored = g_agent.file.TextAt(id);
  *text = stored.begin;
  *size = stored.size;
}

uint32_t Stack(uint32_t site, LimpetFrame* frames, uint32_t room) {
  DataFile& file = g_agent.file;
  if (!file.open() || site >= file.Count(Table::kSites)) return 0;
  uint32_t count = 0;
  for (uint32_t node = file.At<SiteRecord>(Table::kSites, site)->node; node;) {
    const NodeRecord& record = *file.At<NodeRecord>(Table::kNodes, node);
    if (count < room) {
      const FrameRecord& frame = *file.At<FrameRecord>(Table::kFrames, record.frame);
      const CodeRecord& code = *file.At<CodeRecord>(Table::kCodes, frame.code);
      LimpetFrame& out = frames[count];
      TakeText(code.filename, &out.file, &out.file_size);
      TakeText(code.name, &out.name, &out.name_size);
      TakeText(code.qualname, &out.qualname, &out.qualname_size);
      out.line = frame.line;
    }
    ++count;
    node = record.parent;
  }
  return count;
}

uint32_t BeginOne() {
  Thread* thread = IsRecording() ? Enter() : nullptr;
  if (!thread) return 0;
  AddUp(thread);
  const uint32_t number = BeginSnapshot(NowNs());
  Leave();
  return number;
}

void Hold(int32_t on) {
  Thread* thread = IsRecording() ? Enter() : nullptr;
  if (thread) AddUp(thread);
  {
    LockGuard guard(g_agent.lock);
    if (thread && on) TickEpochs(NowNs());  // up to now it goes on
    HoldEpochs(on != 0);
  }
  if (thread) Leave();
}

int32_t Poll() { return IsRecording() && PollSnapshot() ? 1 : 0; }

void* MapRequests(uint64_t* size) {
  *size = capture::kRequestsFileSize;
  return IsRecording() ? MapRequestsFile() : nullptr;
}

constexpr LimpetApi kApi = {
    .version = 1,
    .size = sizeof(LimpetApi),
    .start = Start,
    .stop = Stop,
    .state = State,
    .mark = Mark,
    .iteration = Iteration,
    .birth = BirthOf,
    .stack = Stack,
    .begin_snapshot = BeginOne,
    .poll_snapshot = Poll,
    .hold = Hold,
    .traces = &g_trace_api,
    .map_requests = MapRequests,
};

}  // namespace

}  // namespace limpet::agent

LIMPET_EXPORT const LimpetApi* limpet_api() { return &limpet::agent::kApi; }
