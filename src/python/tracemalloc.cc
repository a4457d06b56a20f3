// The functions of the standard module _tracemalloc, over limpet's agent: traces are rows that the recording has anyway, and stacks are cut
// to as many frames as the program wants to see when it asks. As limpet._core's they serve limpet.tracemalloc; as a module of their own
// they stand in for _tracemalloc under `limpet run --tracemalloc`.
#include "python/core.h"

#include <dlfcn.h>

#include <tsl/robin_map.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace limpet::python {
namespace {

constexpr long kMostFrames = 65535;
constexpr uint32_t kNoSite = 0xffffffff;

const LimpetTraceApi* Traces() { return g_api ? g_api->traces : nullptr; }

LimpetTraceState StateNow() {
  LimpetTraceState state = {0, 1, 0, 0};
  if (Traces()) Traces()->state(&state);
  return state;
}

// Makes tracebacks as _tracemalloc does: tuples of (file, line), innermost frame first; equal ones are the same tuple.
class Tracebacks {
 public:
  explicit Tracebacks(uint32_t most_frames) : most_(most_frames), known_(Ref::Steal(PyDict_New())) {}

  // The traceback of a site (kNoSite: of no frames) and how many frames its stack has in all, both borrowed; null with an error set.
  struct Traceback {
    PyObject* frames = nullptr;
    PyObject* total = nullptr;
  };
  Traceback Of(uint32_t site) {
    const auto found = by_site_.find(site);
    if (found != by_site_.end()) return {found->second.first.get(), found->second.second.get()};
    const uint32_t count = site == kNoSite ? 0 : g_api->stack(site, nullptr, 0);
    const uint32_t shown = count < most_ ? count : most_;
    frames_.resize(shown);
    if (shown) g_api->stack(site, frames_.data(), shown);
    Ref made = Same(shown ? Make(shown) : Ref::Steal(Py_BuildValue("((si))", "<unknown>", 0)));
    Ref total = Ref::Steal(PyLong_FromLong(count == 0 ? 1 : count < kMostFrames ? long(count) : kMostFrames));
    if (!made || !total) return {};
    const Traceback answer = {made.get(), total.get()};
    by_site_.emplace(site, std::make_pair(std::move(made), std::move(total)));
    return answer;
  }

 private:
  Ref Make(uint32_t count) {
    Ref tuple = Ref::Steal(PyTuple_New(Py_ssize_t(count)));
    for (uint32_t i = 0; tuple && i < count; ++i) {
      Ref frame = FrameOf(frames_[i]);
      if (!frame || PyTuple_SetItem(tuple.get(), Py_ssize_t(i), frame.Release()) != 0) return {};
    }
    return tuple;
  }
  Ref FrameOf(const LimpetFrame& frame) {
    Ref& file = files_[frame.file];
    if (!file) file = Ref::Steal(PyUnicode_DecodeUTF8(frame.file, Py_ssize_t(frame.file_size), "surrogatepass"));
    if (!file) {
      PyErr_Clear();
      file = Ref::Steal(PyUnicode_DecodeUTF8(frame.file, Py_ssize_t(frame.file_size), "replace"));
    }
    return file ? Same(Ref::Steal(Py_BuildValue("(OI)", file.get(), unsigned{frame.line}))) : Ref();
  }
  // The tuple equal to `made` that was there first.
  Ref Same(Ref made) {
    if (!made || !known_) return {};
    if (PyObject* known = PyDict_GetItemWithError(known_.get(), made.get())) return Ref::Borrow(known);
    if (PyErr_Occurred() || PyDict_SetItem(known_.get(), made.get(), made.get()) != 0) return {};
    return made;
  }

  const uint32_t most_;
  Ref known_;
  tsl::robin_map<uint32_t, std::pair<Ref, Ref>> by_site_;
  tsl::robin_map<const char*, Ref> files_;  // the agent keeps each text once
  std::vector<LimpetFrame> frames_;
};

// The number of frames that an optional argument asks for; 0 with an error set.
uint32_t FramesAsked(PyObject* arguments) {
  int frames = 0;
  if (!PyArg_ParseTuple(arguments, "|i", &frames)) return 0;
  if (PyTuple_Size(arguments) == 0) return StateNow().frames;
  if (frames >= 1 && frames <= kMostFrames) return uint32_t(frames);
  PyErr_Format(PyExc_ValueError, "the number of frames must be in range [1; %ld]", kMostFrames);
  return 0;
}

// Borrowed frames of a block or of announced memory; None where it is not traced.
PyObject* FramesOf(uint32_t domain, const void* block, uint32_t most) {
  uint32_t site;
  if (!Traces() || Traces()->find(domain, block, &site) == 0) Py_RETURN_NONE;
  Tracebacks tracebacks(most);
  return Ref::Borrow(tracebacks.Of(site).frames).Release();
}

// Called by extension modules in place of _PyTraceMalloc_GetTraceback.
PyObject* FramesOfAnnounced(unsigned domain, uintptr_t address) {
  return FramesOf(domain, reinterpret_cast<const void*>(address), StateNow().frames);
}

PyObject* IsTracing(PyObject*, PyObject*) { return PyBool_FromLong(StateNow().on != 0); }

int BeginTracing(uint32_t frames, bool whole) {
  if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
    PyErr_SetString(PyExc_RuntimeError, "limpet starts in the main interpreter only, not in a subinterpreter");
    return -1;
  }
  if (!Traces()) {
    PyErr_SetString(PyExc_RuntimeError, "limpet's agent is not loaded");
    return -1;
  }
  const int32_t answer = Traces()->start(frames, whole ? 1 : 0, reinterpret_cast<void*>(FramesOfAnnounced));
  if (answer == kLimpetOk || answer == kLimpetAlready) return 0;
  PyErr_SetString(PyExc_RuntimeError, answer == kLimpetNotRunning ? "no limpet recording is under way in this process"
                                                                  : "another tool's allocators stand before limpet's");
  return -1;
}

// start(nframe=1)
PyObject* Start(PyObject*, PyObject* arguments) {
  int frames = 1;
  if (!PyArg_ParseTuple(arguments, "|i:start", &frames)) return nullptr;
  if (frames < 1 || frames > kMostFrames) {
    PyErr_Format(PyExc_ValueError, "the number of frames must be in range [1; %ld]", kMostFrames);
    return nullptr;
  }
  if (BeginTracing(uint32_t(frames), false) != 0) return nullptr;
  Py_RETURN_NONE;
}

PyObject* Stop(PyObject*, PyObject*) {
  if (Traces()) Traces()->stop();
  Py_RETURN_NONE;
}

PyObject* Clear(PyObject*, PyObject*) {
  if (Traces()) Traces()->clear();
  Py_RETURN_NONE;
}

PyObject* ResetPeak(PyObject*, PyObject*) {
  if (Traces()) Traces()->reset_peak();
  Py_RETURN_NONE;
}

PyObject* TracebackLimit(PyObject*, PyObject*) { return PyLong_FromUnsignedLong(StateNow().frames); }

PyObject* TracedMemory(PyObject*, PyObject*) {
  const LimpetTraceState state = StateNow();
  return Py_BuildValue("KK", static_cast<unsigned long long>(state.current_bytes),
                       static_cast<unsigned long long>(state.peak_bytes));
}

PyObject* OwnMemory(PyObject*, PyObject*) { return PyLong_FromUnsignedLongLong(Traces() ? Traces()->own_bytes() : 0); }

// _get_object_traceback(object)
PyObject* ObjectTraceback(PyObject*, PyObject* object) { return FramesOf(0, BlockOf(object), StateNow().frames); }

// Rows that the agent has made, given back at the end.
template <class Row>
class Rows {
 public:
  explicit Rows(Row* (*list)(uint64_t* count)) : rows_(list(&count_)) {}
  ~Rows() { Traces()->free_rows(rows_, count_, sizeof(Row)); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  const Row* begin() const { return rows_; }
  const Row* end() const { return rows_ ? rows_ + count_ : nullptr; }

 private:
  uint64_t count_ = 0;
  Row* rows_;
};

// _get_traces(nframe=limit) -> [(domain, size, frames, number of frames in all)]
PyObject* GetTraces(PyObject*, PyObject* arguments) {
  const uint32_t most = FramesAsked(arguments);
  if (!most) return nullptr;
  Ref list = Ref::Steal(PyList_New(0));
  if (!list || !StateNow().on) return list.Release();
  Tracebacks tracebacks(most);
  const Rows<LimpetTraceRow> rows(Traces()->rows);
  for (const LimpetTraceRow& row : rows) {
    const Tracebacks::Traceback traceback = tracebacks.Of(row.site);
    if (!traceback.frames) return nullptr;
    const Ref trace = Ref::Steal(Py_BuildValue(
        "(IKOO)", unsigned{row.domain}, static_cast<unsigned long long>(row.size), traceback.frames, traceback.total));
    if (!trace || PyList_Append(list.get(), trace.get()) != 0) return nullptr;
  }
  return list.Release();
}

// trace_churn(nframe=limit) -> [(frames, number of frames in all, blocks born, their bytes, blocks freed of these, their bytes)]
PyObject* GetChurn(PyObject*, PyObject* arguments) {
  const uint32_t most = FramesAsked(arguments);
  if (!most) return nullptr;
  Ref list = Ref::Steal(PyList_New(0));
  if (!list || !StateNow().on) return list.Release();
  Tracebacks tracebacks(most);
  const Rows<LimpetChurnRow> rows(Traces()->churn);
  for (const LimpetChurnRow& row : rows) {
    if (!row.births && !row.deaths) continue;
    const Tracebacks::Traceback traceback = tracebacks.Of(row.site);
    if (!traceback.frames) return nullptr;
    using Whole = unsigned long long;
    const Ref item = Ref::Steal(Py_BuildValue("(OOKKKK)", traceback.frames, traceback.total, Whole{row.births},
                                              Whole{row.birth_bytes}, Whole{row.deaths}, Whole{row.death_bytes}));
    if (!item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
  }
  return list.Release();
}

// trace_object(object, nframe): _get_object_traceback with another limit.
PyObject* ObjectTracebackOf(PyObject*, PyObject* arguments) {
  PyObject* object;
  int frames;
  if (!PyArg_ParseTuple(arguments, "Oi", &object, &frames)) return nullptr;
  return FramesOf(0, BlockOf(object), frames < 1 ? 1 : uint32_t(frames));
}

#define LIMPET_TRACE_FUNCTIONS(prefix)                                                                               \
  {prefix "is_tracing", IsTracing, METH_NOARGS, "Whether memory allocations are traced."},                           \
      {prefix "clear_traces", Clear, METH_NOARGS, "Forgets the traces collected so far."},                           \
      {prefix "start", Start, METH_VARARGS, "start(nframe=1): begins to trace, with so many frames of each stack."}, \
      {prefix "stop", Stop, METH_NOARGS, "Stops tracing and forgets the traces."},                                   \
      {prefix "get_traceback_limit", TracebackLimit, METH_NOARGS, "How many frames of a stack are told."},           \
      {prefix "get_tracemalloc_memory", OwnMemory, METH_NOARGS, "Bytes that the traces take."},                      \
      {prefix "get_traced_memory", TracedMemory, METH_NOARGS, "Bytes traced now, and at most: (current, peak)."},    \
      {prefix "reset_peak", ResetPeak, METH_NOARGS, "Sets the peak to what is traced now."},                         \
      {prefix "_get_traces", GetTraces, METH_VARARGS, "All traces."},                                                \
      {prefix "_get_object_traceback", ObjectTraceback, METH_O, "Frames where the object was allocated, or None."},

PyMethodDef kStandInMethods[] = {LIMPET_TRACE_FUNCTIONS(""){nullptr, nullptr, 0, nullptr}};

// The interpreter's own module, made by the function that stood in its table.
PyObject* (*g_standard)();

Ref MakeStandard(PyObject* stand_in) {
  Ref made = Ref::Steal(g_standard());
  if (!made || PyModule_Check(made.get())) return made;
  auto* definition = reinterpret_cast<PyModuleDef*>(made.Release());
  const Ref spec = Ref::Steal(PyObject_GetAttrString(stand_in, "__spec__"));
  if (!spec) return {};
  Ref module = Ref::Steal(PyModule_FromDefAndSpec(definition, spec.get()));
  return module && PyModule_ExecDef(module.get(), definition) == 0 ? std::move(module) : Ref();
}

// What -X tracemalloc or PYTHONTRACEMALLOC began is ours from here on: all that the recording knows, with as many frames.
int TakeOver(PyObject* stand_in) {
  const Ref standard = MakeStandard(stand_in);
  const Ref tracing = standard ? Ref::Steal(PyObject_CallMethod(standard.get(), "is_tracing", nullptr)) : Ref();
  if (!tracing) return -1;
  if (PyObject_IsTrue(tracing.get()) != 1) return 0;
  const Ref limit = Ref::Steal(PyObject_CallMethod(standard.get(), "get_traceback_limit", nullptr));
  const long frames = limit ? PyLong_AsLong(limit.get()) : -1;
  const Ref stopped = frames > 0 ? Ref::Steal(PyObject_CallMethod(standard.get(), "stop", nullptr)) : Ref();
  return stopped ? BeginTracing(uint32_t(frames), true) : -1;
}

// 3.12 and later want to be told that subinterpreters may import it, too, whatever lock they have; older ones do not know the word.
constexpr int kMultipleInterpreters = 3;
PyModuleDef_Slot kStandInSlots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(TakeOver)},
    {kMultipleInterpreters, reinterpret_cast<void*>(uintptr_t{2})},  // Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    {0, nullptr},
};

PyModuleDef kStandIn = {
    PyModuleDef_HEAD_INIT,
    "_tracemalloc",
    "limpet in place of the standard tracemalloc.",
    0,
    kStandInMethods,
    kStandInSlots,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace

PyMethodDef kTraceMethods[] = {
    LIMPET_TRACE_FUNCTIONS("trace_"){"trace_churn", GetChurn, METH_VARARGS, nullptr},
    {"trace_object", ObjectTracebackOf, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace limpet::python

// Called by the agent when the program imports _tracemalloc; `standard` is what the interpreter would have called.
extern "C" __attribute__((visibility("default"))) PyObject* limpet_stand_in_for_tracemalloc(PyObject* (*standard)()) {
  limpet::python::g_standard = standard;
  if (!limpet::python::g_api && !limpet::python::TakeApi(RTLD_DEFAULT)) return standard();
  if (Py_Version < 0x030c0000) limpet::python::kStandInSlots[1] = {0, nullptr};
  return PyModuleDef_Init(&limpet::python::kStandIn);
}
