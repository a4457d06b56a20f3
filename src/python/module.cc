// limpet._core: the agent's functions (agent/api.h) as Python functions. The package's modules give them their shape; nothing is decided
// here but how an object's block is found.
#include "python/core.h"

#include <dlfcn.h>

#include <cstdint>
#include <vector>

namespace limpet::python {
const LimpetApi* g_api;

bool TakeApi(void* handle) {
  const auto function = reinterpret_cast<LimpetApiFunction>(dlsym(handle, "limpet_api"));
  const LimpetApi* api = function ? function() : nullptr;
  if (!api || api->version != 1 || api->size < sizeof(LimpetApi)) return false;
  g_api = api;
  return true;
}

const void* BlockOf(PyObject* object) {
  constexpr unsigned long kManagedWeakref = 1ul << 3, kManagedDict = 1ul << 4, kHasGc = 1ul << 14;
  const unsigned long flags = PyType_GetFlags(Py_TYPE(object));
  size_t before = 0;
  if (flags & kHasGc) before += 16;
  if (flags & (kManagedWeakref | kManagedDict)) before += 16;
  return reinterpret_cast<const char*>(object) - before;
}

namespace {

// find(): whether the agent is in this process, because the program runs under `limpet run`.
PyObject* Find(PyObject*, PyObject*) { return PyBool_FromLong(g_api || TakeApi(RTLD_DEFAULT)); }

// load(path): loads the agent from a file. OSError with the linker's words where that fails.
PyObject* Load(PyObject*, PyObject* arguments) {
  const char* path;
  if (!PyArg_ParseTuple(arguments, "s", &path)) return nullptr;
  if (g_api) Py_RETURN_NONE;
  // Never unloaded: threads may be inside a hook at any time.
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    PyErr_SetString(PyExc_OSError, dlerror());
    return nullptr;
  }
  if (!TakeApi(handle)) {
    PyErr_Format(PyExc_OSError, "%s is not an agent of this limpet's version", path);
    return nullptr;
  }
  Py_RETURN_NONE;
}

bool NeedAgent() {
  if (g_api) return true;
  PyErr_SetString(PyExc_RuntimeError, "limpet's agent is not loaded");
  return false;
}

// start(directory, epoch_ms, iterations, snapshots, snapshot_every_ms, redact, follow, native) -> (answer, reason)
PyObject* Start(PyObject*, PyObject* arguments) {
  LimpetStart wish = {};
  int iterations, snapshots, redact, follow, native;
  unsigned long long epoch_ms, every_ms;
  if (!PyArg_ParseTuple(arguments, "sKpiKppp", &wish.directory, &epoch_ms, &iterations, &snapshots, &every_ms, &redact,
                        &follow, &native))
    return nullptr;
  if (!NeedAgent()) return nullptr;
  if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0)
    return Py_BuildValue("is", int{kLimpetUnsupported},
                         "limpet starts in the main interpreter only, not in a subinterpreter");
  wish.epoch_ms = epoch_ms;
  wish.snapshot_every_ms = every_ms;
  wish.iterations = uint32_t(iterations);
  wish.snapshots = uint32_t(snapshots);
  wish.redact = uint32_t(redact);
  wish.follow = uint32_t(follow);
  wish.native = uint32_t(native);
  char reason[512] = "";
  const int answer = g_api->start(&wish, reason, sizeof reason);
  return Py_BuildValue("is", answer, reason);
}

PyObject* Stop(PyObject*, PyObject*) {
  if (!NeedAgent()) return nullptr;
  return PyLong_FromLong(g_api->stop());
}

PyObject* State(PyObject*, PyObject*) {
  LimpetState state = {};
  state.directory = state.folder = state.refusal = "";
  if (g_api) g_api->state(&state);
  const Ref directory = Ref::Steal(PyUnicode_DecodeFSDefault(state.directory));
  const Ref folder = Ref::Steal(PyUnicode_DecodeFSDefault(state.folder));
  if (!directory || !folder) return nullptr;
  return Py_BuildValue("{s:O,s:O,s:i,s:O,s:O,s:s,s:K,s:K,s:K,s:I,s:I}", "recording",
                       state.recording ? Py_True : Py_False, "in_process", state.in_process ? Py_True : Py_False, "pid",
                       int{state.pid}, "directory", directory.get(), "folder", folder.get(), "refusal", state.refusal,
                       "live_bytes", static_cast<unsigned long long>(state.live_bytes), "allocated_bytes",
                       static_cast<unsigned long long>(state.allocated_bytes), "peak_bytes",
                       static_cast<unsigned long long>(state.peak_bytes), "epoch", unsigned{state.epoch}, "snapshots",
                       unsigned{state.snapshots_done});
}

PyObject* Mark(PyObject*, PyObject* arguments) {
  const char* name;
  if (!PyArg_ParseTuple(arguments, "s", &name)) return nullptr;
  if (g_api) g_api->mark(name);
  Py_RETURN_NONE;
}

PyObject* Iteration(PyObject*, PyObject*) {
  if (g_api) g_api->iteration();
  Py_RETURN_NONE;
}

// birth(object) -> (size, site, from_ns, to_ns, now_ns), or None for what was not born while limpet looked.
PyObject* Birth(PyObject*, PyObject* object) {
  LimpetBirth birth;
  if (!g_api || g_api->birth(BlockOf(object), &birth) == 0) Py_RETURN_NONE;
  return Py_BuildValue("(KIKKK)", static_cast<unsigned long long>(birth.size), unsigned{birth.site},
                       static_cast<unsigned long long>(birth.from_ns), static_cast<unsigned long long>(birth.to_ns),
                       static_cast<unsigned long long>(birth.now_ns));
}

// born_since(list, ns) -> [(object, what birth() tells)] of those in the list that were born then or later.
PyObject* BornSince(PyObject*, PyObject* arguments) {
  PyObject* objects;
  unsigned long long since;
  if (!PyArg_ParseTuple(arguments, "O!K", &PyList_Type, &objects, &since)) return nullptr;
  Ref found = Ref::Steal(PyList_New(0));
  for (Py_ssize_t i = 0; found && i < PyList_Size(objects); ++i) {
    PyObject* object = PyList_GetItem(objects, i);
    LimpetBirth birth;
    if (!g_api || g_api->birth(BlockOf(object), &birth) == 0 || birth.from_ns < since) continue;
    const Ref kept = Ref::Borrow(object);  // making the rest may run the collector
    const Ref told = Ref::Steal(Birth(nullptr, object));
    const Ref pair = told ? Ref::Steal(PyTuple_Pack(2, object, told.get())) : Ref();
    if (!pair || PyList_Append(found.get(), pair.get()) != 0) return nullptr;
  }
  return found.Release();
}

PyObject* Text(const char* text, uint32_t size) { return PyUnicode_DecodeUTF8(text, size, "replace"); }

// (file, name, qualname, line)
PyObject* MakeFrame(const LimpetFrame& frame) {
  const Ref file = Ref::Steal(Text(frame.file, frame.file_size));
  const Ref name = Ref::Steal(Text(frame.name, frame.name_size));
  const Ref qualname = Ref::Steal(Text(frame.qualname, frame.qualname_size));
  if (!file || !name || !qualname) return nullptr;
  return Py_BuildValue("(OOOI)", file.get(), name.get(), qualname.get(), unsigned{frame.line});
}

// stack(site) -> frames, innermost first.
PyObject* Stack(PyObject*, PyObject* arguments) {
  unsigned site;
  if (!PyArg_ParseTuple(arguments, "I", &site)) return nullptr;
  std::vector<LimpetFrame> frames(g_api ? g_api->stack(site, nullptr, 0) : 0);
  if (!frames.empty()) g_api->stack(site, frames.data(), uint32_t(frames.size()));
  Ref tuple = Ref::Steal(PyTuple_New(Py_ssize_t(frames.size())));
  if (!tuple) return nullptr;
  for (size_t i = 0; i < frames.size(); ++i) {
    PyObject* frame = MakeFrame(frames[i]);
    if (!frame || PyTuple_SetItem(tuple.get(), Py_ssize_t(i), frame) != 0) return nullptr;
  }
  return tuple.Release();
}

PyObject* BeginSnapshot(PyObject*, PyObject*) { return PyLong_FromUnsignedLong(g_api ? g_api->begin_snapshot() : 0); }

PyObject* PollSnapshot(PyObject*, PyObject*) { return PyBool_FromLong(g_api && g_api->poll_snapshot() != 0); }

PyObject* Hold(PyObject*, PyObject* arguments) {
  int on;
  if (!PyArg_ParseTuple(arguments, "p", &on)) return nullptr;
  if (g_api) g_api->hold(on);
  Py_RETURN_NONE;
}

// map_requests() -> the writable memory of the file in which requests are counted. It is never unmapped. OSError where there is no room for it.
PyObject* MapRequests(PyObject*, PyObject*) {
  if (!NeedAgent()) return nullptr;
  uint64_t size;
  void* memory = g_api->map_requests(&size);
  if (memory) return PyMemoryView_FromMemory(static_cast<char*>(memory), Py_ssize_t(size), PyBUF_WRITE);
  PyErr_SetString(PyExc_OSError, "the file that counts requests cannot be made");
  return nullptr;
}

PyMethodDef kMethods[] = {
    {"find", Find, METH_NOARGS, nullptr},
    {"load", Load, METH_VARARGS, nullptr},
    {"start", Start, METH_VARARGS, nullptr},
    {"stop", Stop, METH_NOARGS, nullptr},
    {"state", State, METH_NOARGS, nullptr},
    {"mark", Mark, METH_VARARGS, nullptr},
    {"iteration", Iteration, METH_NOARGS, nullptr},
    {"birth", Birth, METH_O, nullptr},
    {"born_since", BornSince, METH_VARARGS, nullptr},
    {"stack", Stack, METH_VARARGS, nullptr},
    {"begin_snapshot", BeginSnapshot, METH_NOARGS, nullptr},
    {"poll_snapshot", PollSnapshot, METH_NOARGS, nullptr},
    {"hold", Hold, METH_VARARGS, nullptr},
    {"map_requests", MapRequests, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

int AddTraceFunctions(PyObject* module) { return PyModule_AddFunctions(module, kTraceMethods); }

PyModuleDef_Slot kSlots[] = {{Py_mod_exec, reinterpret_cast<void*>(AddTraceFunctions)}, {0, nullptr}};

PyModuleDef kModule = {
    PyModuleDef_HEAD_INIT, "limpet._core", nullptr, 0, kMethods, kSlots, nullptr, nullptr, nullptr,
};

}  // namespace
}  // namespace limpet::python

PyMODINIT_FUNC PyInit__core() { return PyModuleDef_Init(&limpet::python::kModule); }
