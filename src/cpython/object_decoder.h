// Takes any object apart: its size, its references, each with its name. See decode.h for the terms, type_table.h for what is known of its
// type. What an object tells is, in this order: what its form has (items, entries), the fields of its known base, slots, attributes.
//
// The reference to the object's own type is not told: it follows from the type. Weak references to the object are no business of its own.
#ifndef LIMPET_CPYTHON_OBJECT_DECODER_H_
#define LIMPET_CPYTHON_OBJECT_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/decode_containers.h"
#include "cpython/decode_core.h"
#include "cpython/layouts.h"
#include "cpython/static_types.h"
#include "cpython/type_table.h"

namespace limpet::cpython {

template <class L, class Memory, class Sink>
class ObjectDecoder {
 public:
  enum class Result {
    kDone,
    kUnreadable,   // the object itself cannot be read
    kTorn,         // it makes no sense, or what it points to cannot be read; some of it may have been told
    kUnknownType,  // of a C type not known by structure: only what the known base, slots and attributes hold was told
  };

  ObjectDecoder(Memory& memory, TypeTable<L, Memory>& types, Sink& sink)
      : memory_(memory), types_(types), sink_(sink) {}

  // From 3.12 on, builtin types have their dict and subclasses in the interpreter's state, of at most `size` bytes. Without it they are not told.
  void set_interpreter(uint64_t interpreter, uint64_t size) { static_types_.set_interpreter(interpreter, size); }

  // Tells the sink all references but that to the type, and all memory besides the object's own block.
  Result Decode(uint64_t object, const TypeInfo& type) {
    const char* body = memory_.Span(object, type.basic_size < 16 ? 16 : type.basic_size);
    if (!body) return Result::kUnreadable;
    if (!DecodeForm(object, type)) return Result::kTorn;
    if (type.library != nullptr && !DecodeLibraryObject<L>(*type.library, memory_, object, sink_)) return Result::kTorn;
    TellFields(body, type.fields);
    constexpr unsigned kMore = kTraitSlots | kTraitManagedDict | kTraitDict;
    if ((type.traits & kMore) != 0 && !DecodeInstance(object, type)) return Result::kTorn;
    if (type.form == Form::kCapsule) return HidesReferences(body) ? Result::kUnknownType : Result::kDone;
    return (type.traits & kTraitUnknown) != 0 ? Result::kUnknownType : Result::kDone;
  }

  // Bytes of the object's own block, what stands before the object included. What cannot be believed counts as no items.
  uint64_t OwnSize(uint64_t object, const TypeInfo& type) {
    uint64_t size = type.pre_header + ObjectSize<L>(memory_, object, type);
    if ((type.traits & kTraitInlineValues) != 0) {
      uint8_t capacity = 0;
      if (Get(memory_, object + type.basic_size + L::kValuesCapacity, &capacity)) size += InlineValuesBytes(capacity);
    }
    return size;
  }

 private:
  bool DecodeForm(uint64_t object, const TypeInfo& type) {
    switch (type.form) {
      case Form::kTuple:
        return DecodeTuple<L>(memory_, object, sink_);
      case Form::kStructSequence:
        return DecodeStructSequence<L>(memory_, object, type, sink_);
      case Form::kByteArray:
        return DecodeByteArray<L>(memory_, object, sink_);
      case Form::kGenerator:
        return DecodeGenerator<L>(memory_, object, sink_);
      case Form::kFrame:
        return DecodeFrameObject<L>(memory_, object, sink_);
      case Form::kList:
        return DecodeList<L>(memory_, object, sink_);
      case Form::kDict:
        return DecodeDict<L>(memory_, object, sink_);
      case Form::kSet:
        return DecodeSet<L>(memory_, object, sink_);
      case Form::kUnicode:
        return DecodeText<L>(memory_, object, sink_);
      case Form::kFunction:
        return DecodeClosure<L>(memory_, object, sink_);
      case Form::kType:
        return DecodeType<L>(memory_, object, static_types_, sink_);
      case Form::kCode:
        return DecodeCode<L>(memory_, object, sink_);
      default:
        return true;
    }
  }

  // A capsule's pointer is C code's own, but from 3.13 on C code can show what it refers to.
  static bool HidesReferences(const char* capsule) {
    return L::kCapsuleTraverse != kAbsent && At<uint64_t>(capsule, L::kCapsuleTraverse) != 0;
  }

  // `body` holds the object up to its basic size.
  void TellFields(const char* body, FieldList fields) {
    for (unsigned i = 0; i < fields.count; ++i) {
      const Field& field = fields.fields[i];
      if (field.offset == kAbsent) continue;
      const uint64_t target = At<uint64_t>(body, field.offset);
      if (target == 0) continue;
      sink_.Run(field.kind, field.strength, Label::Literal(field.name), false);
      sink_.Target(target);
    }
  }

  bool DecodeInstance(uint64_t object, const TypeInfo& type) {
    for (unsigned i = 0; i < type.slot_count; ++i) {
      const Slot& slot = types_.slots(type)[i];
      uint64_t target;
      if (!Get(memory_, object + slot.offset, &target)) return false;
      if (target == 0) continue;
      sink_.Run(RefKind::kAttribute, RefStrength::kOwned,
                slot.name != 0 ? Label::Name(slot.name) : Label::Literal("(member)"), false);
      sink_.Target(target);
    }
    if ((type.traits & kTraitManagedDict) != 0) {
      return DecodeAttributes<L>(memory_, object, type.cached_keys, (type.traits & kTraitInlineValues) != 0,
                                 type.basic_size, sink_);
    }
    return (type.traits & kTraitDict) == 0 || DecodeDictPointer(object, type);
  }

  bool DecodeDictPointer(uint64_t object, const TypeInfo& type) {
    uint64_t place = object + static_cast<int64_t>(type.dict_offset);
    if (type.dict_offset < 0) {
      int64_t items;
      if (!ItemCount<L>(memory_, object, type.form, &items)) return false;
      place +=
          (type.basic_size + static_cast<uint64_t>(items) * static_cast<uint32_t>(type.item_size) + 7) & ~uint64_t{7};
    }
    uint64_t dict;
    if (!Get(memory_, place, &dict)) return false;
    if (dict == 0) return true;
    sink_.Run(RefKind::kAttribute, RefStrength::kOwned, Label::Literal("__dict__"), false);
    sink_.Target(dict);
    return true;
  }

  Memory& memory_;
  TypeTable<L, Memory>& types_;
  Sink& sink_;
  StaticTypeStates<L> static_types_;
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_OBJECT_DECODER_H_
