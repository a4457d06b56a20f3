// The protocol: github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
#include "interchange/thrift_compact.h"

#include "base/check.h"

namespace limpet::interchange {
namespace {

constexpr int kMostFieldsApart = 15;  // that the short head of a field can tell
constexpr size_t kLongList = 15;      // lists from this size on have it behind the head

}  // namespace

void AppendVarint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(char(0x80 | (value & 0x7f)));
  out->push_back(char(value));
}

void AppendFolded(std::string* out, int64_t value) {
  AppendVarint(out, uint64_t(value) << 1 ^ (value < 0 ? ~uint64_t{0} : 0));
}

void AppendBinary(std::string* out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  *out += bytes;
}

void ThriftStruct::Begin(int field, ThriftType type) {
  LIMPET_CHECK(field > last_ && field - last_ <= kMostFieldsApart);
  out_->push_back(char((field - last_) << 4 | int(type)));
  last_ = field;
}

void ThriftStruct::Int32(int field, int32_t value) {
  Begin(field, ThriftType::kInt32);
  AppendFolded(out_, value);
}

void ThriftStruct::Int64(int field, int64_t value) {
  Begin(field, ThriftType::kInt64);
  AppendFolded(out_, value);
}

void ThriftStruct::Binary(int field, std::string_view bytes) {
  Begin(field, ThriftType::kBinary);
  AppendBinary(out_, bytes);
}

ThriftStruct ThriftStruct::Struct(int field) {
  Begin(field, ThriftType::kStruct);
  return ThriftStruct(out_);
}

void ThriftStruct::List(int field, ThriftType element, size_t size) {
  Begin(field, ThriftType::kList);
  if (size < kLongList) {
    out_->push_back(char(size << 4 | size_t(element)));
    return;
  }
  out_->push_back(char(kLongList << 4 | size_t(element)));
  AppendVarint(out_, size);
}

}  // namespace limpet::interchange
