// Structs in Thrift's compact protocol, as far as the headers and the footer of a Parquet file need it.
//
//     ThriftStruct page(&bytes);
//     page.Int32(1, 0);                        // fields by rising number
//     {
//       ThriftStruct head = page.Struct(5);    // a field that is a struct: over when this goes out of scope
//       head.Int32(1, rows);
//     }
//
// A struct is a byte for each field, its distance to the number before << 4 | its type, with the value behind it, and a zero byte. Numbers
// are folded (0, -1, 1, -2 ... become 0, 1, 2, 3 ...) and written seven bits a byte, the lowest first; texts and long lists have their
// length before them.
#ifndef LIMPET_INTERCHANGE_THRIFT_COMPACT_H_
#define LIMPET_INTERCHANGE_THRIFT_COMPACT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::interchange {

enum class ThriftType : uint8_t { kInt32 = 5, kInt64 = 6, kBinary = 8, kList = 9, kStruct = 12 };

void AppendVarint(std::string* out, uint64_t value);
void AppendFolded(std::string* out, int64_t value);  // a number as an element of a list
void AppendBinary(std::string* out, std::string_view bytes);

class ThriftStruct {
 public:
  explicit ThriftStruct(std::string* out) : out_(out) {}
  ThriftStruct(const ThriftStruct&) = delete;
  ThriftStruct& operator=(const ThriftStruct&) = delete;
  ~ThriftStruct() { out_->push_back(0); }

  // REQUIRES: numbers of fields rise, by at most 15.
  void Int32(int field, int32_t value);
  void Int64(int field, int64_t value);
  void Binary(int field, std::string_view bytes);
  ThriftStruct Struct(int field);
  // `size` elements follow, by the functions above or as structs of their own over the same string.
  void List(int field, ThriftType element, size_t size);

 private:
  void Begin(int field, ThriftType type);

  std::string* out_;
  int last_ = 0;
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_THRIFT_COMPACT_H_
