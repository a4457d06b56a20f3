#include "capture/table_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/crc32.h"

namespace limpet::capture {
namespace {

// A table's parts are numbered without gaps. This many may be missing (damaged directory entries) before a part's number is taken
// for the damage: it bounds the memory that one forged entry can ask for.
constexpr size_t kMaxMissingParts = 64;

Status NotOurs(const std::string& place, size_t offset, const std::string& what) {
  return Error(fmt::format("{}: not a recording that this limpet can read: {} (at offset {})", place, what, offset));
}

Status CheckMagic(const std::string& place, const FileHeader& header) {
  const std::string_view magic(header.magic, sizeof header.magic);
  if (magic == std::string_view(kMagic, sizeof kMagic)) return Status::Ok();
  if (std::all_of(magic.begin(), magic.end(), [](char c) { return c == 0; })) {
    return Error(place + ": the process ended before its recording began");
  }
  return NotOurs(place, offsetof(FileHeader, magic), "it does not begin with \"LIMPET\"");
}

Status CheckShape(const std::string& place, const FileHeader& header) {
  if (header.version != kFormatVersion) {
    return NotOurs(place, offsetof(FileHeader, version),
                   fmt::format("format version {}, this limpet reads version {}; use the limpet that made it",
                               header.version, kFormatVersion));
  }
  const auto wrong = [&](size_t offset, const char* what, uint32_t is, uint32_t should) {
    return NotOurs(place, offset, fmt::format("{} is {} and not {}", what, is, should));
  };
  if (header.header_size != kHeaderSize) {
    return wrong(offsetof(FileHeader, header_size), "header size", header.header_size, kHeaderSize);
  }
  if (header.block_size != kBlockSize) {
    return wrong(offsetof(FileHeader, block_size), "block size", header.block_size, kBlockSize);
  }
  for (uint32_t t = 0; t < kTableCount; ++t) {
    const uint32_t size = header.record_sizes[t];
    if (size == RecordSize(Table(t))) continue;
    if (Table(t) == Table::kNatives && size == 0) continue;  // written before there were native stacks
    return wrong(offsetof(FileHeader, record_sizes) + t * sizeof size,
                 fmt::format("record size of {}", TableName(Table(t))).c_str(), size, RecordSize(Table(t)));
  }
  return Status::Ok();
}

}  // namespace

const char* TableName(Table table) {
  static constexpr std::array<const char*, kTableCount> kNames = {
      "free",    "strings", "codes",   "frames",       "nodes",        "sites",       "cells",  "epochs",
      "samples", "marks",   "threads", "image peak A", "image peak B", "image final", "natives"};
  return size_t(table) < kNames.size() ? kNames[size_t(table)] : "unknown";
}

Result<TableFile> TableFile::Open(const ByteSource& source, const std::string& place, ProblemLog& problems) {
  TableFile file(source, problems);
  const size_t got = source.Read(0, &file.header_, sizeof(FileHeader));
  if (got == 0) return Error(place + " is empty: the process ended before its recording began");
  if (got >= sizeof(FileHeader::magic)) LIMPET_RETURN_IF_ERROR(CheckMagic(place, file.header_));
  if (got < sizeof(FileHeader)) {
    return Error(fmt::format("{} is too short for a recording: {} bytes, the header alone has {}", place, got,
                             sizeof(FileHeader)));
  }
  LIMPET_RETURN_IF_ERROR(CheckShape(place, file.header_));
  file.CheckHeader();
  return file;
}

void TableFile::CheckHeader() const {
  // The process seals its header twice; between a change and its seal it may have been killed, or be running.
  FileHeader again = header_;
  const auto sealed = [](const FileHeader& h) {
    return h.header_crc == base::Crc32(&h, offsetof(FileHeader, header_crc));
  };
  for (int attempt = 0; attempt < 3 && !sealed(again); ++attempt) again = ReadHeader();
  if (!sealed(again) && header_.state != uint32_t(State::kStarting)) {
    LIMPET_PROBLEM(*problems_, "header",
                   "header: its checksum is wrong, so pid, times or version may be (at offset {})",
                   offsetof(FileHeader, header_crc));
  }
  if (header_.state < uint32_t(State::kStarting) || header_.state > uint32_t(State::kExited)) {
    LIMPET_PROBLEM(*problems_, "header", "header: state {} does not exist (at offset {})", header_.state,
                   offsetof(FileHeader, state));
  }
  if (header_.blocks == 0 || header_.blocks > kMaxBlocks) {
    LIMPET_PROBLEM(*problems_, "header", "header: {} blocks, but a file has 1 to {} (at offset {})", header_.blocks,
                   kMaxBlocks, offsetof(FileHeader, blocks));
  }
}

FileHeader TableFile::ReadHeader() const {
  FileHeader header{};
  if (source_->Read(0, &header, sizeof header) < sizeof header) return header_;
  return header;
}

std::vector<uint32_t> TableFile::BlocksOf(Table table) const {
  const uint32_t blocks = std::clamp(ReadHeader().blocks, 1u, kMaxBlocks);
  std::vector<BlockEntry> entries(blocks);
  const size_t got =
      source_->Read(kHeaderSize, entries.data(), entries.size() * sizeof(BlockEntry)) / sizeof(BlockEntry);
  entries.resize(got);  // the rest was cut off, and what it describes with it
  const auto is_ours = [table](BlockEntry entry) { return entry.table() == table; };
  const size_t most = size_t(std::count_if(entries.begin(), entries.end(), is_ours)) + kMaxMissingParts;
  std::vector<uint32_t> parts;
  for (uint32_t block = 1; block < entries.size(); ++block) {
    const BlockEntry entry = entries[block];
    if (uint32_t(entry.table()) >= kTableCount) {
      // Told once, by whichever table is loaded first.
      if (table == Table::kCells) {
        LIMPET_PROBLEM(*problems_, "blocks of tables that do not exist",
                       "directory: block {} is said to be of table {}, which does not exist", block,
                       uint32_t(entry.table()));
      }
      continue;
    }
    if (!is_ours(entry)) continue;
    if (entry.index() >= most) {
      LIMPET_PROBLEM(*problems_, "blocks far outside of their table",
                     "directory: block {} is said to be part {} of table {}, which has {} parts", block, entry.index(),
                     TableName(table), most - kMaxMissingParts);
      continue;
    }
    if (entry.index() >= parts.size()) parts.resize(entry.index() + 1);
    if (parts[entry.index()] != 0) {
      LIMPET_PROBLEM(*problems_, "duplicate blocks",
                     "directory: blocks {} and {} both are part {} of table {}; the first is taken",
                     parts[entry.index()], block, entry.index(), TableName(table));
      continue;
    }
    parts[entry.index()] = block;
  }
  return parts;
}

size_t TableFile::ReadBlock(uint32_t block, void* to, size_t size) const {
  return source_->Read(uint64_t(block) * kBlockSize, to, size);
}

Records<char> TableFile::LoadStrings() const {
  return LoadAs<char>(Table::kStrings, uint64_t(ReadHeader().counts[size_t(Table::kStrings)]) * 4);
}

void TableFile::ReportMissing(Table table, size_t first, size_t end) const {
  if (table == Table::kStrings) {
    LIMPET_PROBLEM(*problems_, "missing parts of tables", "table strings: bytes {} to {} are missing from the file",
                   first, end - 1);
  } else {
    LIMPET_PROBLEM(*problems_, "missing parts of tables", "table {}: records {} to {} are missing from the file",
                   TableName(table), first, end - 1);
  }
}

}  // namespace limpet::capture
