// Modules that read and write text and bytes: re, _csv, _json, _pickle, _struct, ElementTree, expat.
#ifndef LIMPET_CPYTHON_DECODE_TEXT_H_
#define LIMPET_CPYTHON_DECODE_TEXT_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// Modules/_struct.c: PyStructObject. The compiled format is an array that ends with a null.
template <class L, class Memory, class Sink>
bool DecodeStruct(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kCodes = 32, kCodeSize = 32, kMaxCodes = 1 << 20;
  uint64_t codes = 0;
  if (!Get(memory, object + kCodes, &codes)) return false;
  if (codes == 0) return true;
  uint64_t definition = 1;
  int count = 0;
  for (; definition != 0 && count < kMaxCodes; ++count) {
    if (!Get(memory, codes + static_cast<uint64_t>(count) * kCodeSize, &definition)) return false;
  }
  TellBlock(sink, codes, int64_t{count} * kCodeSize);
  return true;
}

// Modules/_sre/sre.h: ScannerObject, SRE_STATE. A position for each end of each group of the pattern.
template <class L, class Memory, class Sink>
bool DecodeReScanner(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kPattern = 16, kGroups = 24;
  static constexpr int kMark = L::kMinor <= 12 ? 184 : 192;
  const char* bytes = memory.Span(object, kMark + 24);
  if (!bytes) return false;
  const uint64_t mark = WordAt(bytes, kMark);
  TellBlock(sink, WordAt(bytes, kMark + 8), WordAt<int64_t>(bytes, kMark + 16));  // data_stack, data_stack_size
  int64_t groups = 0;
  if (!Get(memory, WordAt(bytes, kPattern) + kGroups, &groups) || Plausible(groups) < 0) return false;
  TellBlock(sink, mark, groups * 16);
  return true;
}

// TemplateObject: pairs of a group's number and the literal behind it.
template <class L, class Memory, class Sink>
bool DecodeReTemplate(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kItems = 40, kItemSize = 16, kLiteral = 8;
  int64_t count = 0;
  if (!Get(memory, object + L::kObjectSize, &count) || Plausible(count) < 0) return false;
  if (count == 0) return true;
  const char* items = memory.Span(object + kItems, static_cast<size_t>(count) * kItemSize);
  if (!items) return false;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  for (int64_t i = 0; i < count; ++i) sink.Target(WordAt(items + i * kItemSize, kLiteral));
  return true;
}

// Modules/_pickle.c: PyMemoTable, a hash table of the objects that were pickled. It owns them.
template <class L, class Memory, class Sink>
bool DecodePickler(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kMemo = 16, kAllocated = 16, kTable = 24, kTableSize = 32, kEntrySize = 16;
  uint64_t memo = 0;
  if (!Get(memory, object + kMemo, &memo)) return false;
  if (memo == 0) return true;
  const char* table = memory.Span(memo, kTableSize);
  if (!table) return false;
  const int64_t allocated = Plausible(WordAt<int64_t>(table, kAllocated));
  const uint64_t entries = WordAt(table, kTable);
  if (allocated < 0) return false;
  TellBlock(sink, memo, kTableSize);
  TellBlock(sink, entries, allocated * kEntrySize);
  if (allocated == 0 || entries == 0) return true;
  const char* content = memory.Span(entries, static_cast<size_t>(allocated) * kEntrySize);
  if (!content) return false;
  sink.Run(RefKind::kElement, RefStrength::kOwned, Label::Index(0), true);
  for (int64_t i = 0; i < allocated; ++i) {
    const uint64_t target = WordAt(content + i * kEntrySize, 0);
    if (target != 0) sink.Target(target);
  }
  return true;
}

// UnpicklerObject: the memo is an array, with unused places at its end.
template <class L, class Memory, class Sink>
bool DecodeUnpickler(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kMemo = 24;
  const char* bytes = memory.Span(object + kMemo, 16);
  if (!bytes) return false;
  const uint64_t memo = WordAt(bytes, 0);
  const int64_t size = Plausible(WordAt<int64_t>(bytes, 8));
  if (size < 0) return false;
  if (memo == 0 || size == 0) return true;
  TellBlock(sink, memo, size * 8);
  const char* content = memory.Span(memo, static_cast<size_t>(size) * 8);
  if (!content) return false;
  int64_t used = size;
  while (used > 0 && WordAt(content + (used - 1) * 8, 0) == 0) --used;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  sink.Targets(reinterpret_cast<const uint64_t*>(content), static_cast<size_t>(used));
  return true;
}

// Pdata: the unpickler's stack.
template <class L, class Memory, class Sink>
bool DecodePickleData(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 56);
  if (!bytes) return false;
  const int64_t count = Plausible(WordAt<int64_t>(bytes, L::kObjectSize));
  if (count < 0) return false;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  return TellWords(memory, sink, WordAt(bytes, 24), count);
}

// Modules/_elementtree.c: ElementObject, ElementObjectExtra. The texts carry a flag in bit 0 (a list that is still to be joined).
template <class L, class Memory, class Sink>
bool DecodeElement(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kText = 24, kTail = 32, kExtra = 40, kSize = 56;
  static constexpr int kAttributes = 0, kLength = 8, kAllocated = 16, kChildren = 24, kOwnChildren = 32;
  static constexpr int kExtraSize = 64;
  const char* bytes = memory.Span(object, kSize);
  if (!bytes) return false;
  const uint64_t extra = WordAt(bytes, kExtra);
  TellAttribute(sink, "text", WordAt(bytes, kText) & ~uint64_t{1});
  TellAttribute(sink, "tail", WordAt(bytes, kTail) & ~uint64_t{1});
  if (extra == 0) return true;
  const char* content = memory.Span(extra, kExtraSize);
  if (!content) return false;
  const uint64_t children = WordAt(content, kChildren);
  const int64_t length = Plausible(WordAt<int64_t>(content, kLength));
  const int64_t allocated = Plausible(WordAt<int64_t>(content, kAllocated));
  if (length < 0 || allocated < length) return false;
  TellBlock(sink, extra, kExtraSize);
  if (children != extra + kOwnChildren) TellBlock(sink, children, allocated * 8);
  TellAttribute(sink, "attrib", WordAt(content, kAttributes));
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  return TellWords(memory, sink, children, length);
}

// ElementIterObject: the elements between the root and where it is, 16 bytes each.
template <class L, class Memory, class Sink>
bool DecodeElementIterator(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kStack = 16, kUsed = 24, kAllocated = 32, kEntrySize = 16;
  const char* bytes = memory.Span(object, 64);
  if (!bytes) return false;
  const uint64_t stack = WordAt(bytes, kStack);
  const int64_t used = Plausible(WordAt<int64_t>(bytes, kUsed));
  const int64_t allocated = Plausible(WordAt<int64_t>(bytes, kAllocated));
  if (used < 0 || allocated < used) return false;
  TellBlock(sink, stack, allocated * kEntrySize);
  if (used == 0) return true;
  const char* content = memory.Span(stack, static_cast<size_t>(used) * kEntrySize);
  if (!content) return false;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  for (int64_t i = 0; i < used; ++i) sink.Target(WordAt(content + i * kEntrySize, 0));
  return true;
}

// Modules/pyexpat.c: xmlparseobject. The handlers are an array in the order of handler_info.
inline constexpr int kExpatHandlers = 22;

template <class L, class Memory, class Sink>
bool TellExpatHandlers(Memory& memory, uint64_t handlers, Sink& sink) {
  static constexpr const char* kNames[kExpatHandlers] = {"StartElementHandler",
                                                         "EndElementHandler",
                                                         "ProcessingInstructionHandler",
                                                         "CharacterDataHandler",
                                                         "UnparsedEntityDeclHandler",
                                                         "NotationDeclHandler",
                                                         "StartNamespaceDeclHandler",
                                                         "EndNamespaceDeclHandler",
                                                         "CommentHandler",
                                                         "StartCdataSectionHandler",
                                                         "EndCdataSectionHandler",
                                                         "DefaultHandler",
                                                         "DefaultHandlerExpand",
                                                         "NotStandaloneHandler",
                                                         "ExternalEntityRefHandler",
                                                         "StartDoctypeDeclHandler",
                                                         "EndDoctypeDeclHandler",
                                                         "EntityDeclHandler",
                                                         "XmlDeclHandler",
                                                         "ElementDeclHandler",
                                                         "AttlistDeclHandler",
                                                         "SkippedEntityHandler"};
  if (handlers == 0) return true;
  const char* content = memory.Span(handlers, kExpatHandlers * 8);
  if (!content) return false;
  TellBlock(sink, handlers, kExpatHandlers * 8);
  for (int i = 0; i < kExpatHandlers; ++i) TellAttribute(sink, kNames[i], WordAt(content, 8 * i));
  return true;
}

template <class L, class Memory, class Sink>
bool DecodeExpatParser(Memory& memory, uint64_t object, uint32_t basic_size, Sink& sink) {
  // The last word of the object in all versions.
  uint64_t handlers = 0;
  return Get(memory, object + basic_size - 8, &handlers) && TellExpatHandlers<L>(memory, handlers, sink);
}

// Modules/cjkcodecs/multibytecodec.h: what to do with errors is a str, or one of three small numbers.
template <class L, class Memory, class Sink>
bool DecodeMultibyte(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kErrors = 32;
  static constexpr uint64_t kErrorReplace = 3;
  uint64_t errors = 0;
  if (!Get(memory, object + kErrors, &errors)) return false;
  if (errors > kErrorReplace) TellAttribute(sink, "errors", errors);
  return true;
}

struct TextFields {
  // Modules/_struct.c
  static constexpr Field kStruct[] = {Attribute(40, "format")};
  static constexpr Field kStructIterator[] = {Hidden(16, "so"), Hidden(32, "buf.obj")};
  // Modules/_sre/sre.h
  static constexpr Field kPattern[] = {Attribute(32, "groupindex"), Hidden(40, "indexgroup"), Attribute(48, "pattern")};
  static constexpr Field kMatch[] = {Attribute(24, "string"), Attribute(32, "regs"), Attribute(40, "re")};
  static constexpr Field kScanner[] = {Attribute(16, "pattern"), Hidden(56, "string"), Hidden(72, "buffer.obj")};
  static constexpr Field kTemplate[] = {Hidden(32, "literal")};
  // Modules/_csv.c
  static constexpr Field kDialect[] = {Attribute(40, "lineterminator")};
  static constexpr Field kReader[] = {Hidden(16, "input_iter"), Attribute(24, "dialect"), Hidden(32, "fields")};
  static constexpr Block kReaderBlocks[] = {Counted(48, 56, 4)};
  static constexpr Field kWriter[] = {Hidden(16, "write"), Attribute(24, "dialect"), Hidden(64, "error_obj")};
  static constexpr Block kWriterBlocks[] = {Counted(32, 40, 4)};
  // Modules/_json.c
  static constexpr Field kScanner11[] = {Attribute(24, "object_hook"),    Attribute(32, "object_pairs_hook"),
                                         Attribute(40, "parse_float"),    Attribute(48, "parse_int"),
                                         Attribute(56, "parse_constant"), Hidden(64, "memo")};
  static constexpr Field kScanner13[] = {Attribute(24, "object_hook"), Attribute(32, "object_pairs_hook"),
                                         Attribute(40, "parse_float"), Attribute(48, "parse_int"),
                                         Attribute(56, "parse_constant")};
  static constexpr Field kScanner15[] = {Attribute(24, "object_hook"), Attribute(32, "object_pairs_hook"),
                                         Attribute(40, "array_hook"),  Attribute(48, "parse_float"),
                                         Attribute(56, "parse_int"),   Attribute(64, "parse_constant")};
  static constexpr Field kEncoder[] = {Attribute(16, "markers"),       Attribute(24, "default"),
                                       Attribute(32, "encoder"),       Attribute(40, "indent"),
                                       Attribute(48, "key_separator"), Attribute(56, "item_separator")};
};

// Modules/cjkcodecs/multibytecodec.h, Modules/unicodedata.c.
struct CodecFields {
  static constexpr Field kCodec[] = {Hidden(24, "cjk_module")};
  static constexpr Field kEncoder[] = {Hidden(40, "pending")};
  static constexpr Field kWriter[] = {Hidden(40, "pending"), Attribute(48, "stream")};
  static constexpr Field kReader[] = {Attribute(56, "stream")};
  static constexpr Field kText[] = {Hidden(16, "string")};
};

// Modules/_pickle.c: PicklerObject, UnpicklerObject.
struct PickleFields {
  static constexpr Field kPickler[] = {Hidden(24, "pers_func"),
                                       Borrowed(32, "pers_func_self"),
                                       Attribute(40, "dispatch_table"),
                                       Attribute(48, "reducer_override"),
                                       Hidden(56, "write"),
                                       Hidden(64, "output_buffer"),
                                       Hidden(136, "fast_memo"),
                                       Hidden(144, "buffer_callback")};
  static constexpr Field kPickler13[] = {Attribute(24, "persistent_id"),    Attribute(32, "dispatch_table"),
                                         Attribute(40, "reducer_override"), Hidden(48, "write"),
                                         Hidden(56, "output_buffer"),       Hidden(128, "fast_memo"),
                                         Hidden(136, "buffer_callback")};
  static constexpr Field kPickler14[] = {Attribute(24, "persistent_id"),
                                         Hidden(32, "persistent_id_attr"),
                                         Attribute(40, "dispatch_table"),
                                         Attribute(48, "reducer_override"),
                                         Hidden(56, "write"),
                                         Hidden(64, "output_buffer"),
                                         Hidden(136, "fast_memo"),
                                         Hidden(144, "buffer_callback")};
  static constexpr Field kUnpickler[] = {
      Hidden(16, "stack"),      Hidden(48, "pers_func"), Borrowed(56, "pers_func_self"),
      Hidden(72, "buffer.obj"), Hidden(184, "read"),     Hidden(192, "readinto"),
      Hidden(200, "readline"),  Hidden(208, "peek"),     Hidden(216, "buffers")};
  static constexpr Block kUnpicklerBlocks[] = {Counted(240, 256, 8)};
  static constexpr Field kUnpickler13[] = {
      Hidden(16, "stack"),     Attribute(48, "persistent_load"), Hidden(64, "buffer.obj"), Hidden(176, "read"),
      Hidden(184, "readinto"), Hidden(192, "readline"),          Hidden(200, "peek"),      Hidden(208, "buffers")};
  static constexpr Block kUnpicklerBlocks13[] = {Counted(232, 248, 8)};
  static constexpr Field kUnpickler14[] = {Hidden(16, "stack"),
                                           Attribute(48, "persistent_load"),
                                           Hidden(56, "persistent_load_attr"),
                                           Hidden(72, "buffer.obj"),
                                           Hidden(200, "read"),
                                           Hidden(208, "readinto"),
                                           Hidden(216, "readline"),
                                           Hidden(224, "peek"),
                                           Hidden(232, "buffers")};
  static constexpr Block kUnpicklerBlocks14[] = {Counted(256, 272, 8)};
  static constexpr Field kUnpickler15[] = {Hidden(16, "stack"),
                                           Hidden(48, "memo_dict"),
                                           Attribute(56, "persistent_load"),
                                           Hidden(64, "persistent_load_attr"),
                                           Hidden(80, "buffer.obj"),
                                           Hidden(208, "read"),
                                           Hidden(216, "readinto"),
                                           Hidden(224, "readline"),
                                           Hidden(232, "peek"),
                                           Hidden(240, "buffers")};
  static constexpr Block kUnpicklerBlocks15[] = {Counted(264, 280, 8)};
  static constexpr Block kDataBlocks[] = {Counted(24, 48, 8)};
  static constexpr Field kMemoProxy[] = {Hidden(16, "pickler")};
  static constexpr Field kUnpicklerProxy[] = {Hidden(16, "unpickler")};
};

struct XmlFields {
  // Modules/_elementtree.c
  static constexpr Field kElement[] = {Attribute(16, "tag")};
  static constexpr Field kElementIterator[] = {Hidden(40, "root_element"), Hidden(48, "sought_tag")};
  static constexpr Field kTreeBuilder[] = {Hidden(16, "root"),
                                           Hidden(24, "this"),
                                           Hidden(32, "last"),
                                           Hidden(40, "last_for_tail"),
                                           Hidden(48, "data"),
                                           Hidden(56, "stack"),
                                           Hidden(72, "element_factory"),
                                           Attribute(80, "comment_factory"),
                                           Attribute(88, "pi_factory"),
                                           Hidden(96, "events_append"),
                                           Hidden(104, "start_event_obj"),
                                           Hidden(112, "end_event_obj"),
                                           Hidden(120, "start_ns_event_obj"),
                                           Hidden(128, "end_ns_event_obj"),
                                           Hidden(136, "comment_event_obj"),
                                           Hidden(144, "pi_event_obj")};
  static constexpr Field kParser[] = {
      Attribute(24, "target"),       Attribute(32, "entity"),       Hidden(40, "names"),
      Hidden(48, "handle_start_ns"), Hidden(56, "handle_end_ns"),   Hidden(64, "handle_start"),
      Hidden(72, "handle_data"),     Hidden(80, "handle_end"),      Hidden(88, "handle_comment"),
      Hidden(96, "handle_pi"),       Hidden(104, "handle_doctype"), Hidden(112, "handle_close")};
  static constexpr Field kParser13[] = {
      Attribute(24, "target"),          Attribute(32, "entity"),       Hidden(40, "names"),
      Hidden(48, "handle_start_ns"),    Hidden(56, "handle_end_ns"),   Hidden(64, "handle_start"),
      Hidden(72, "handle_data"),        Hidden(80, "handle_end"),      Hidden(88, "handle_comment"),
      Hidden(96, "handle_pi"),          Hidden(104, "handle_doctype"), Hidden(112, "handle_close"),
      Hidden(128, "elementtree_module")};
  // Modules/pyexpat.c
  static constexpr Field kExpat[] = {Attribute(56, "intern")};
  static constexpr Block kExpatBlocks[] = {Counted(40, 48, 1, 4)};
  static constexpr Field kExpat13[] = {Attribute(64, "intern")};
  static constexpr Field kExpat14[] = {Hidden(24, "parent"), Attribute(72, "intern")};
  static constexpr Block kExpatBlocks14[] = {Counted(48, 56, 1, 4)};
};

inline constexpr LibraryType kTextTypes[] = {
    {"_struct.Struct", 11, 14, 56, List(TextFields::kStruct), {}, LibraryForm::kStruct},
    {"_struct.Struct", 15, 15, 64, List(TextFields::kStruct), {}, LibraryForm::kStruct},
    {"_struct.unpack_iterator", 11, 15, 112, List(TextFields::kStructIterator)},
    {"re.Pattern", 11, 15, 96, List(TextFields::kPattern)},
    {"re.Match", 11, 15, 88, List(TextFields::kMatch)},
    {"_sre.SRE_Scanner", 11, 11, 232, List(TextFields::kScanner), {}, LibraryForm::kReScanner},
    {"_sre.SRE_Scanner", 11, 12, 240, List(TextFields::kScanner), {}, LibraryForm::kReScanner},
    {"_sre.SRE_Scanner", 13, 13, 248, List(TextFields::kScanner), {}, LibraryForm::kReScanner},
    {"_sre.SRE_Scanner", 13, 15, 264, List(TextFields::kScanner), {}, LibraryForm::kReScanner},
    {"_sre.SRE_Template", 12, 15, 40, List(TextFields::kTemplate), {}, LibraryForm::kReTemplate},
    {"_csv.Dialect", 11, 15, 48, List(TextFields::kDialect)},
    {"_csv.reader", 11, 15, 88, List(TextFields::kReader), Blocks(TextFields::kReaderBlocks)},
    {"_csv.writer", 11, 15, 72, List(TextFields::kWriter), Blocks(TextFields::kWriterBlocks)},
    {"_json.Scanner", 11, 12, 72, List(TextFields::kScanner11)},
    {"_json.Scanner", 13, 14, 64, List(TextFields::kScanner13)},
    {"_json.Scanner", 15, 15, 72, List(TextFields::kScanner15)},
    {"_json.Encoder", 11, 15, 80, List(TextFields::kEncoder)},
    {"_pickle.Pickler", 11, 12, 152, List(PickleFields::kPickler), {}, LibraryForm::kPickler},
    {"_pickle.Pickler", 13, 13, 144, List(PickleFields::kPickler13), {}, LibraryForm::kPickler},
    {"_pickle.Pickler", 13, 15, 152, List(PickleFields::kPickler14), {}, LibraryForm::kPickler},
    {"_pickle.Unpickler", 11, 12, 272, List(PickleFields::kUnpickler), Blocks(PickleFields::kUnpicklerBlocks),
     LibraryForm::kUnpickler},
    {"_pickle.Unpickler", 13, 13, 264, List(PickleFields::kUnpickler13), Blocks(PickleFields::kUnpicklerBlocks13),
     LibraryForm::kUnpickler},
    {"_pickle.Unpickler", 13, 14, 296, List(PickleFields::kUnpickler14), Blocks(PickleFields::kUnpicklerBlocks14),
     LibraryForm::kUnpickler},
    {"_pickle.Unpickler", 15, 15, 304, List(PickleFields::kUnpickler15), Blocks(PickleFields::kUnpicklerBlocks15),
     LibraryForm::kUnpickler},
    {"_pickle.Pdata", 11, 15, 56, {}, Blocks(PickleFields::kDataBlocks), LibraryForm::kPickleData},
    {"_pickle.PicklerMemoProxy", 11, 15, 24, List(PickleFields::kMemoProxy)},
    {"_pickle.UnpicklerMemoProxy", 11, 15, 24, List(PickleFields::kUnpicklerProxy)},
    {"xml.etree.ElementTree.Element", 11, 15, 56, List(XmlFields::kElement), {}, LibraryForm::kElement},
    {"_elementtree._element_iterator",
     11,
     15,
     64,
     List(XmlFields::kElementIterator),
     {},
     LibraryForm::kElementIterator},
    {"xml.etree.ElementTree.TreeBuilder", 11, 11, 160, List(XmlFields::kTreeBuilder)},
    {"xml.etree.ElementTree.TreeBuilder", 12, 15, 168, List(XmlFields::kTreeBuilder)},
    {"xml.etree.ElementTree.XMLParser", 11, 11, 120, List(XmlFields::kParser)},
    {"xml.etree.ElementTree.XMLParser", 12, 12, 128, List(XmlFields::kParser)},
    {"xml.etree.ElementTree.XMLParser", 13, 15, 136, List(XmlFields::kParser13)},
    {"pyexpat.xmlparser", 11, 12, 72, List(XmlFields::kExpat), Blocks(XmlFields::kExpatBlocks),
     LibraryForm::kExpatParser},
    {"pyexpat.xmlparser", 13, 13, 80, List(XmlFields::kExpat13), Blocks(XmlFields::kExpatBlocks),
     LibraryForm::kExpatParser},
    {"pyexpat.xmlparser", 13, 15, 88, List(XmlFields::kExpat14), Blocks(XmlFields::kExpatBlocks14),
     LibraryForm::kExpatParser},
    {"_multibytecodec.MultibyteCodec", 11, 11, 24},
    {"_multibytecodec.MultibyteCodec", 12, 15, 32, List(CodecFields::kCodec)},
    {"_multibytecodec.MultibyteIncrementalEncoder",
     11,
     15,
     48,
     List(CodecFields::kEncoder),
     {},
     LibraryForm::kMultibyte},
    {"_multibytecodec.MultibyteIncrementalDecoder", 11, 15, 56, {}, {}, LibraryForm::kMultibyte},
    {"_multibytecodec.MultibyteStreamReader", 11, 15, 64, List(CodecFields::kReader), {}, LibraryForm::kMultibyte},
    {"_multibytecodec.MultibyteStreamWriter", 11, 15, 56, List(CodecFields::kWriter), {}, LibraryForm::kMultibyte},
    {"unicodedata.UCD", 11, 15, 40},
    {"unicodedata.GraphemeBreakIterator", 15, 15, 64, List(CodecFields::kText)},
    {"unicodedata.Segment", 15, 15, 40, List(CodecFields::kText)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_TEXT_H_
