// Where the interpreter and its threads keep their own references to objects: the roots of the heap, by version.
//
// As layouts.h, but for the runtime's state structs. Those move between patch releases of one minor version, so nothing here is
// believed before it checked out (walk/roots.h): what does not fit loses its name, not its place among the roots, since the structs are
// also searched word by word.
#ifndef LIMPET_CPYTHON_STATE_LAYOUTS_H_
#define LIMPET_CPYTHON_STATE_LAYOUTS_H_

#include <cstdint>

#include "cpython/layouts.h"

namespace limpet::cpython {

// What a root field holds when it is not null. The type is how a wrong offset is noticed.
enum class RootForm : uint8_t { kAny, kDict, kList };

struct RootField {
  int offset;
  const char* name;
  RootForm form;
};

// The cache of attributes that were looked up on types (struct type_cache, at kAttributeCache of the interpreter's state): 4096 entries, each
//     u32 version | pad | name (a str, counted, or None) | value (not counted)
inline constexpr int kAttributeCacheEntries = 4096;
inline constexpr int kAttributeCacheEntrySize = 24;
inline constexpr int kAttributeCacheName = 8;

// Python's functions to be called at exit, up to 3.13 (struct atexit_state, from `callbacks` on, at kAtExit of the interpreter's state):
//     pointer to an array of pointers to {func, args, kwargs}, each counted, null where there is none | int count | int room
// From 3.14 on they are a list.
inline constexpr int kAtExitCount = 8;
inline constexpr int kAtExitRoom = 12;
inline constexpr int kAtExitObjects = 3;

// Objects that are free lie in the free lists' arrays, and so do the addresses of those that were taken out again: [kFreeListsBegin,
// kFreeListsEnd) of the interpreter's state refers to nothing.

// The same order of fields in every version; kAbsent where there is none.
template <class L>
struct StateLayout;

// Fields of the thread state that hold one reference each, at consecutive names.
#define LIMPET_THREAD_FIELDS(dict, context, exception, handled, async, profile, trace, first, last) \
  static constexpr RootField kThreadFields[] = {{dict, "dict", RootForm::kDict},                    \
                                                {context, "context", RootForm::kAny},               \
                                                {exception, "exception", RootForm::kAny},           \
                                                {handled, "handled exception", RootForm::kAny},     \
                                                {async, "async_exc", RootForm::kAny},               \
                                                {profile, "c_profileobj", RootForm::kAny},          \
                                                {trace, "c_traceobj", RootForm::kAny},              \
                                                {first, "async_gen_firstiter", RootForm::kAny},     \
                                                {last, "async_gen_finalizer", RootForm::kAny}}

#define LIMPET_INTERPRETER_FIELDS(modules, by_index, importlib, import_func, sys, builtins, sys_copy, builtins_copy, \
                                  own, path, cache, errors, fork_before, hooks, garbage, callbacks, at_exit)         \
  static constexpr RootField kInterpreterFields[] = {{modules, "modules", RootForm::kDict},                          \
                                                     {by_index, "modules_by_index", RootForm::kList},                \
                                                     {importlib, "importlib", RootForm::kAny},                       \
                                                     {import_func, "import_func", RootForm::kAny},                   \
                                                     {sys, "sysdict", RootForm::kDict},                              \
                                                     {builtins, "builtins", RootForm::kDict},                        \
                                                     {sys_copy, "sysdict_copy", RootForm::kDict},                    \
                                                     {builtins_copy, "builtins_copy", RootForm::kDict},              \
                                                     {own, "dict", RootForm::kDict},                                 \
                                                     {path, "codec_search_path", RootForm::kList},                   \
                                                     {cache, "codec_search_cache", RootForm::kDict},                 \
                                                     {errors, "codec_error_registry", RootForm::kDict},              \
                                                     {fork_before, "before_forkers", RootForm::kList},               \
                                                     {fork_before + 8, "after_forkers_parent", RootForm::kList},     \
                                                     {fork_before + 16, "after_forkers_child", RootForm::kList},     \
                                                     {hooks, "audit_hooks", RootForm::kList},                        \
                                                     {garbage, "gc.garbage", RootForm::kList},                       \
                                                     {callbacks, "gc.callbacks", RootForm::kList},                   \
                                                     {at_exit, "atexit callbacks", RootForm::kList}}

template <>
struct StateLayout<Layout311> {
  static constexpr int kInterpreterNext = 0;
  static constexpr int kInterpreterId = 48;
  static constexpr int kInterpreterThreads = 16;
  static constexpr int kInterpreterSize = 107752;
  static constexpr int kThreadSize = 360;
  static constexpr int kRuntimeSize = 166688;
  static constexpr int kGcPermanent = 104;
  static constexpr int kAttributeCache = 9056;
  static constexpr int kAtExit = 3536;
  static constexpr int kFreeListsBegin = 3608, kFreeListsEnd = 7128;
  LIMPET_THREAD_FIELDS(128, 224, 104, 320, 144, 80, 88, 208, 216);
  LIMPET_INTERPRETER_FIELDS(888, 896, 920, 1416, 904, 912, kAbsent, 1408, 1400, 936, 944, 952, 3480, 3552, 856, 864,
                            kAbsent);
};

template <>
struct StateLayout<Layout312> {
  static constexpr int kInterpreterNext = 0;
  static constexpr int kInterpreterId = 8;
  static constexpr int kInterpreterThreads = 72;
  static constexpr int kInterpreterSize = 383552;
  static constexpr int kThreadSize = 288;
  static constexpr int kRuntimeSize = 459944;
  static constexpr int kGcPermanent = 104;
  static constexpr int kAttributeCache = 275392;
  static constexpr int kAtExit = 3944;
  static constexpr int kFreeListsBegin = 269832, kFreeListsEnd = 273400;
  LIMPET_THREAD_FIELDS(112, 208, 96, 256, 128, 80, 88, 192, 200);
  LIMPET_INTERPRETER_FIELDS(944, 952, 960, 984, 352, 360, 1728, 1736, 1720, 1248, 1256, 1264, 3872, 267208, 320, 328,
                            kAbsent);
};

template <>
struct StateLayout<Layout313> {
  static constexpr int kInterpreterNext = 7264;
  static constexpr int kInterpreterId = 7272;
  static constexpr int kInterpreterThreads = 7344;
  static constexpr int kInterpreterSize = 194968;
  static constexpr int kThreadSize = 304;
  static constexpr int kRuntimeSize = 283320;
  static constexpr int kGcPermanent = 104;
  static constexpr int kAttributeCache = 84656;
  static constexpr int kAtExit = 10712;
  static constexpr int kFreeListsBegin = 10952, kFreeListsEnd = 14488;
  LIMPET_THREAD_FIELDS(128, 208, 112, 256, 144, 96, 104, 192, 200);
  LIMPET_INTERPRETER_FIELDS(7656, 7664, 7672, 7696, 7640, 7648, 8456, 8464, 8448, 7960, 7968, 7976, 10632, 10808, 7608,
                            7616, kAbsent);
};

template <>
struct StateLayout<Layout314> {
  static constexpr int kInterpreterNext = 7272;
  static constexpr int kInterpreterId = 7280;
  static constexpr int kInterpreterThreads = 7344;
  static constexpr int kInterpreterSize = 225864;
  static constexpr int kThreadSize = 832;
  static constexpr int kRuntimeSize = 316616;
  static constexpr int kGcPermanent = 96;
  static constexpr int kAttributeCache = 81928;
  static constexpr int kAtExit = kAbsent;
  static constexpr int kFreeListsBegin = 11120, kFreeListsEnd = 11744;
  LIMPET_THREAD_FIELDS(128, 208, 112, 256, 144, 96, 104, 192, 200);
  LIMPET_INTERPRETER_FIELDS(7688, 7696, 7704, 7728, 7672, 7680, 8504, 8512, 8496, 8000, 8008, 8016, 10696, 10912, 7608,
                            7616, 10792);
};

template <>
struct StateLayout<Layout315> {
  static constexpr int kInterpreterNext = 7264;
  static constexpr int kInterpreterId = 7272;
  static constexpr int kInterpreterThreads = 7336;
  static constexpr int kInterpreterSize = 226232;
  static constexpr int kThreadSize = 888;
  static constexpr int kRuntimeSize = 346560;
  static constexpr int kGcPermanent = 80;
  static constexpr int kAttributeCache = 81952;
  static constexpr int kAtExit = kAbsent;
  static constexpr int kFreeListsBegin = 11096, kFreeListsEnd = 11752;
  LIMPET_THREAD_FIELDS(152, 232, 136, 288, 168, kAbsent, kAbsent, 216, 224);
  LIMPET_INTERPRETER_FIELDS(7592, 7600, 7608, 7632, 7576, 7584, 8456, 8464, 8448, 7952, 7960, 7968, 10672, 10888, 7528,
                            7536, 10768);
};

#undef LIMPET_THREAD_FIELDS
#undef LIMPET_INTERPRETER_FIELDS

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_STATE_LAYOUTS_H_
