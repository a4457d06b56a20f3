// As layout_check.cc, for state_layouts.h: compiling it against one CPython's own headers is the check. What moves between patch
// releases is compared where this release is the one that the figures are from; the walk checks them again at run time.
#define Py_BUILD_CORE_MODULE 1
#include <pyconfig.h>
#undef HAVE_STD_ATOMIC
#include <Python.h>

#include <cstddef>

#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#if PY_VERSION_HEX >= 0x030E0000
#include "internal/pycore_interp_structs.h"
#include "internal/pycore_tstate.h"
#endif

#include "cpython/state_layouts.h"

namespace {

using namespace limpet::cpython;

#if PY_VERSION_HEX >= 0x030F0000
using L = Layout315;
#elif PY_VERSION_HEX >= 0x030E0000
using L = Layout314;
#elif PY_VERSION_HEX >= 0x030D0000
using L = Layout313;
#elif PY_VERSION_HEX >= 0x030C0000
using L = Layout312;
#else
using L = Layout311;
#endif
using State = StateLayout<L>;

constexpr int Same(const char* a, const char* b) { return *a == *b && (*a == 0 || Same(a + 1, b + 1)); }

template <class Fields>
constexpr int OffsetOf(const Fields& fields, const char* name) {
  for (const RootField& field : fields) {
    if (Same(field.name, name)) return field.offset;
  }
  return -2;
}

#define CHECK_INTERPRETER(name, member) \
  static_assert(OffsetOf(State::kInterpreterFields, name) == offsetof(PyInterpreterState, member), name)
#define CHECK_THREAD(name, member) \
  static_assert(OffsetOf(State::kThreadFields, name) == offsetof(PyThreadState, member), name)

static_assert(State::kInterpreterNext == offsetof(PyInterpreterState, next));
static_assert(State::kInterpreterId == offsetof(PyInterpreterState, id));
static_assert(State::kInterpreterThreads == offsetof(PyInterpreterState, threads.head));
// Searched word by word: never past the end.
static_assert(State::kInterpreterSize <= sizeof(PyInterpreterState));
static_assert(State::kThreadSize <= sizeof(PyThreadState));
static_assert(State::kRuntimeSize <= sizeof(_PyRuntimeState));
static_assert(State::kGcPermanent == offsetof(struct _gc_runtime_state, permanent_generation));

CHECK_THREAD("dict", dict);
CHECK_THREAD("context", context);
CHECK_THREAD("handled exception", exc_state);
CHECK_THREAD("async_exc", async_exc);
CHECK_THREAD("async_gen_firstiter", async_gen_firstiter);
CHECK_THREAD("async_gen_finalizer", async_gen_finalizer);
#if PY_VERSION_HEX >= 0x030C0000
CHECK_THREAD("exception", current_exception);
#else
CHECK_THREAD("exception", curexc_value);
#endif
#if PY_VERSION_HEX < 0x030F0000
CHECK_THREAD("c_profileobj", c_profileobj);
CHECK_THREAD("c_traceobj", c_traceobj);
#endif

#if PY_VERSION_HEX >= 0x030C0000
CHECK_INTERPRETER("modules", imports.modules);
CHECK_INTERPRETER("modules_by_index", imports.modules_by_index);
CHECK_INTERPRETER("importlib", imports.importlib);
CHECK_INTERPRETER("import_func", imports.import_func);
CHECK_INTERPRETER("sysdict_copy", sysdict_copy);
#else
CHECK_INTERPRETER("modules", modules);
CHECK_INTERPRETER("modules_by_index", modules_by_index);
CHECK_INTERPRETER("importlib", importlib);
CHECK_INTERPRETER("import_func", import_func);
#endif
#if PY_VERSION_HEX >= 0x030D0000
CHECK_INTERPRETER("codec_search_path", codecs.search_path);
CHECK_INTERPRETER("codec_error_registry", codecs.error_registry);
#else
CHECK_INTERPRETER("codec_search_path", codec_search_path);
CHECK_INTERPRETER("codec_error_registry", codec_error_registry);
#endif
#if PY_VERSION_HEX >= 0x030C0000
static_assert(State::kAttributeCache == offsetof(PyInterpreterState, types.type_cache));
#else
static_assert(State::kAttributeCache == offsetof(PyInterpreterState, type_cache));
#endif
static_assert(sizeof(struct type_cache) == kAttributeCacheEntries * kAttributeCacheEntrySize);
static_assert(sizeof(struct type_cache_entry) == kAttributeCacheEntrySize);
static_assert(offsetof(struct type_cache_entry, name) == kAttributeCacheName);
CHECK_INTERPRETER("sysdict", sysdict);
CHECK_INTERPRETER("builtins", builtins);
CHECK_INTERPRETER("builtins_copy", builtins_copy);
CHECK_INTERPRETER("dict", dict);
CHECK_INTERPRETER("before_forkers", before_forkers);
CHECK_INTERPRETER("after_forkers_child", after_forkers_child);
CHECK_INTERPRETER("audit_hooks", audit_hooks);
CHECK_INTERPRETER("gc.garbage", gc.garbage);
CHECK_INTERPRETER("gc.callbacks", gc.callbacks);
#if PY_VERSION_HEX >= 0x030E0000
CHECK_INTERPRETER("atexit callbacks", atexit.callbacks);
#else
static_assert(State::kAtExit == offsetof(PyInterpreterState, atexit.callbacks));
static_assert(kAtExitCount == offsetof(struct atexit_state, ncallbacks) - offsetof(struct atexit_state, callbacks));
static_assert(kAtExitRoom == offsetof(struct atexit_state, callback_len) - offsetof(struct atexit_state, callbacks));
#endif
#if PY_VERSION_HEX >= 0x030D0000
static_assert(State::kFreeListsBegin == offsetof(PyInterpreterState, object_state.freelists));
static_assert(State::kFreeListsEnd == State::kFreeListsBegin + sizeof(PyInterpreterState::object_state.freelists));
#elif PY_VERSION_HEX >= 0x030C0000
static_assert(State::kFreeListsBegin == offsetof(PyInterpreterState, tuple));
static_assert(State::kFreeListsEnd == offsetof(PyInterpreterState, context) + sizeof(PyInterpreterState::context));
#else
static_assert(State::kFreeListsBegin == offsetof(PyInterpreterState, float_state));
static_assert(State::kFreeListsEnd == offsetof(PyInterpreterState, context) + sizeof(PyInterpreterState::context));
#endif

}  // namespace
