// What concurrent programs are made of: contexts and the tries that hold their variables, locks, thread-locals, asyncio, queues.
#ifndef LIMPET_CPYTHON_DECODE_TASKS_H_
#define LIMPET_CPYTHON_DECODE_TASKS_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// Python/hamt.c: nodes of the trie that maps context variables to values.
struct HamtLayout {
  static constexpr int kItems =
      32;  // of bitmap and collision nodes: key, value, key, value ... as many words as ob_size says
  static constexpr int kMaxItems = 64;  // of a bitmap node
  static constexpr int kChildren = 16;  // of an array node
  static constexpr int kMaxChildren = 32;
};

// A pair without a key is a child: its value is the node below.
template <class L, class Memory, class Sink>
bool DecodeHamtBitmap(Memory& memory, uint64_t object, Sink& sink) {
  int64_t count = 0;
  if (!Get(memory, object + L::kObjectSize, &count) || count < 0 || count > HamtLayout::kMaxItems) return false;
  if (count == 0) return true;
  const char* items = memory.Span(object + HamtLayout::kItems, static_cast<size_t>(count) * 8);
  if (!items) return false;
  sink.Run(RefKind::kField, RefStrength::kOwned, Label::Literal("child"), false);
  for (int i = 0; i + 1 < count; i += 2) {
    if (WordAt(items, 8 * i) == 0 && WordAt(items, 8 * i + 8) != 0) sink.Target(WordAt(items, 8 * i + 8));
  }
  sink.Run(RefKind::kKey, RefStrength::kOwned, Label::Index(0), true);
  for (int i = 0; i + 1 < count; i += 2) {
    if (WordAt(items, 8 * i) == 0) continue;
    sink.Target(WordAt(items, 8 * i));
    sink.Target(WordAt(items, 8 * i + 8));
  }
  return true;
}

template <class L, class Memory, class Sink>
bool DecodeHamtArray(Memory& memory, uint64_t object, Sink& sink) {
  const char* items = memory.Span(object + HamtLayout::kChildren, HamtLayout::kMaxChildren * 8);
  if (!items) return false;
  sink.Run(RefKind::kField, RefStrength::kOwned, Label::Literal("child"), false);
  for (int i = 0; i < HamtLayout::kMaxChildren; ++i) {
    if (WordAt(items, 8 * i) != 0) sink.Target(WordAt(items, 8 * i));
  }
  return true;
}

template <class L, class Memory, class Sink>
bool DecodeHamtCollision(Memory& memory, uint64_t object, Sink& sink) {
  int64_t count = 0;
  if (!Get(memory, object + L::kObjectSize, &count) || Plausible(count) < 0) return false;
  sink.Run(RefKind::kKey, RefStrength::kOwned, Label::Index(0), true);
  return TellWords(memory, sink, object + HamtLayout::kItems, count);
}

// Modules/_queuemodule.c, simplequeueobject from 3.13 on: a ring.
template <class L, class Memory, class Sink>
bool DecodeSimpleQueue(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 72);
  if (!bytes) return false;
  const int64_t begin = WordAt<int64_t>(bytes, 32);
  const uint64_t items = WordAt(bytes, 40);
  const int64_t capacity = WordAt<int64_t>(bytes, 48);
  const int64_t count = WordAt<int64_t>(bytes, 56);
  if (Plausible(capacity) < 0 || count < 0 || count > capacity || begin < 0 || begin > capacity) return false;
  TellBlock(sink, items, capacity * 8);
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  const int64_t first = count < capacity - begin ? count : capacity - begin;
  return TellWords(memory, sink, items + 8 * static_cast<uint64_t>(begin), first) &&
         TellWords(memory, sink, items, count - first);
}

struct TaskFields {
  // Python/context.c, Python/hamt.c. What a variable caches it does not own.
  static constexpr Field kContext[] = {Hidden(16, "ctx_prev"), Hidden(24, "ctx_vars")};
  static constexpr Field kContextVar[] = {Attribute(16, "name"), Hidden(24, "var_default"), Borrowed(32, "var_cached")};
  static constexpr Field kToken[] = {Hidden(16, "tok_ctx"), Attribute(24, "var"), Attribute(32, "old_value")};
  static constexpr Field kHamt[] = {Hidden(16, "h_root")};
  static constexpr Field kHamtIterator[] = {Hidden(16, "hi_obj")};
  // Modules/_threadmodule.c. A lock of older versions is a semaphore (sem_t) in a block of its own.
  static constexpr Block kLock[] = {OneBlock(16, 32)};
  static constexpr Field kLocal[] = {Hidden(16, "key"), Hidden(24, "args"), Hidden(32, "kw"), Hidden(48, "dummies"),
                                     Hidden(56, "wr_callback")};
  static constexpr Field kLocalDummy[] = {Borrowed(16, "localdict")};
  static constexpr Field kLocal13[] = {Hidden(16, "args"), Hidden(24, "kw"), Hidden(40, "localdicts"),
                                       Hidden(48, "thread_watchdogs")};
  static constexpr Block kThreadHandle[] = {OneBlock(16, 72)};
  // Modules/_queuemodule.c, up to 3.12
  static constexpr Field kSimpleQueue[] = {Hidden(32, "lst")};
};

// Modules/_asynciomodule.c: FutureObj, and TaskObj, which begins with the same.
#define LIMPET_FUTURE_FIELDS                                                                               \
  Attribute(16, "_loop"), Hidden(24, "callback"), Hidden(32, "callback_context"), Hidden(40, "callbacks"), \
      Attribute(48, "_exception"), Hidden(56, "exception_tb"), Attribute(64, "_result"),                   \
      Attribute(72, "_source_traceback"), Attribute(80, "_cancel_message")
struct AsyncioFields {
  static constexpr Field kFuture[] = {LIMPET_FUTURE_FIELDS, Hidden(120, "cancelled_exc")};
  static constexpr Field kFuture13[] = {LIMPET_FUTURE_FIELDS, Hidden(88, "cancelled_exc")};
  static constexpr Field kFuture14[] = {LIMPET_FUTURE_FIELDS, Hidden(88, "cancelled_exc"), Hidden(96, "awaited_by")};
  static constexpr Field kTask[] = {LIMPET_FUTURE_FIELDS,          Hidden(120, "cancelled_exc"),
                                    Attribute(128, "_fut_waiter"), Attribute(136, "_coro"),
                                    Hidden(144, "name"),           Hidden(152, "context")};
  static constexpr Field kTask13[] = {LIMPET_FUTURE_FIELDS,          Hidden(88, "cancelled_exc"),
                                      Attribute(112, "_fut_waiter"), Attribute(120, "_coro"),
                                      Hidden(128, "name"),           Hidden(136, "context")};
  static constexpr Field kTask14[] = {
      LIMPET_FUTURE_FIELDS,    Hidden(88, "cancelled_exc"), Hidden(96, "awaited_by"), Attribute(120, "_fut_waiter"),
      Attribute(128, "_coro"), Hidden(136, "name"),         Hidden(144, "context")};
  static constexpr Field kFutureIterator[] = {Hidden(16, "future")};
  static constexpr Field kTaskStep[] = {Hidden(16, "task"), Hidden(24, "arg")};
  static constexpr Field kLoopHolder[] = {Hidden(16, "rl_loop")};
};
#undef LIMPET_FUTURE_FIELDS

inline constexpr LibraryType kTaskTypes[] = {
    {"_contextvars.Context", 11, 15, 48, List(TaskFields::kContext)},
    {"_contextvars.ContextVar", 11, 15, 64, List(TaskFields::kContextVar)},
    {"_contextvars.Token", 11, 15, 48, List(TaskFields::kToken)},
    {"Token.MISSING", 11, 15, 16},
    {"hamt", 11, 15, 40, List(TaskFields::kHamt)},
    {"hamt_bitmap_node", 11, 15, 32, {}, {}, LibraryForm::kHamtBitmap},
    {"hamt_array_node", 11, 15, 280, {}, {}, LibraryForm::kHamtArray},
    {"hamt_collision_node", 11, 15, 32, {}, {}, LibraryForm::kHamtCollision},
    {"keys", 11, 15, 168, List(TaskFields::kHamtIterator)},
    {"values", 11, 15, 168, List(TaskFields::kHamtIterator)},
    {"items", 11, 15, 168, List(TaskFields::kHamtIterator)},
    {"_thread.lock", 11, 13, 40, {}, Blocks(TaskFields::kLock)},
    {"_thread.lock", 13, 15, 24},
    {"_thread.RLock", 11, 13, 48, {}, Blocks(TaskFields::kLock)},
    {"_thread.RLock", 14, 15, 40},
    {"_thread._local", 11, 12, 64, List(TaskFields::kLocal)},
    {"_thread._local", 13, 15, 56, List(TaskFields::kLocal13)},
    {"_thread._localdummy", 11, 12, 32, List(TaskFields::kLocalDummy)},
    {"_thread._localdummy", 13, 15, 24},
    {"_thread._ThreadHandle", 13, 15, 24, {}, Blocks(TaskFields::kThreadHandle)},
    {"_asyncio.Future", 11, 12, 128, List(AsyncioFields::kFuture)},
    {"_asyncio.Future", 13, 13, 104, List(AsyncioFields::kFuture13)},
    {"_asyncio.Future", 14, 15, 112, List(AsyncioFields::kFuture14)},
    {"_asyncio.Task", 11, 12, 176, List(AsyncioFields::kTask)},
    {"_asyncio.Task", 13, 13, 144, List(AsyncioFields::kTask13)},
    {"_asyncio.Task", 14, 15, 168, List(AsyncioFields::kTask14)},
    {"_asyncio.FutureIter", 11, 15, 24, List(AsyncioFields::kFutureIterator)},
    {"TaskStepMethWrapper", 11, 11, 32, List(AsyncioFields::kTaskStep)},
    {"_asyncio.TaskStepMethWrapper", 12, 15, 32, List(AsyncioFields::kTaskStep)},
    {"_RunningLoopHolder", 11, 11, 32, List(AsyncioFields::kLoopHolder)},
    {"_queue.SimpleQueue", 11, 12, 56, List(TaskFields::kSimpleQueue), Blocks(TaskFields::kLock)},
    {"_queue.SimpleQueue", 13, 15, 72, {}, {}, LibraryForm::kSimpleQueue},
    {"_multiprocessing.SemLock", 11, 15, 56},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_TASKS_H_
