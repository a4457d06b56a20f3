// pprof's format: one protobuf message, github.com/google/pprof/blob/main/proto/profile.proto, packed by gzip. Its fields may come in any
// order and repeated ones add up, so all is told as it comes up and nothing is kept but the tables of strings and functions.
#include <array>
#include <functional>

#include <fmt/format.h>
#include <tsl/robin_map.h>
#include <protozero/pbf_builder.hpp>

#include "diagnose/suspects.h"
#include "diagnose/unit.h"
#include "interchange/frames.h"
#include "interchange/profiles.h"

namespace limpet::interchange {
namespace {

using protozero::pbf_writer;

// Field numbers of profile.proto.
enum ProfileField : uint32_t {
  kSampleType = 1,
  kSample = 2,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kPeriodType = 11,
  kPeriod = 12,
  kComment = 13,
  kDefaultSampleType = 14,
};

// What a sample's values are, in this order: pprof's own names where it has them. Tools that look at one value only take the last.
struct SampleType {
  Measure measure;
  std::string_view objects, bytes;
};
constexpr std::array<SampleType, kMeasures> kSampleTypes = {{
    {Measure::kAllocated, "alloc_objects", "alloc_space"},
    {Measure::kChurned, "freed_objects", "freed_space"},
    {Measure::kPeak, "peak_objects", "peak_space"},
    {Measure::kGrown, "grown_objects", "grown_space"},
    {Measure::kLive, "inuse_objects", "inuse_space"},
}};

class PprofWriter {
 public:
  PprofWriter(const ProfileOptions& options, Sink* sink) : options_(options), sink_(sink) { StringId(""); }

  void Write() {
    WriteHead();
    for (const ProfileSource& source : options_.sources) {
      frames_.Enter(*source.process);
      ForEachStack(*source.process, [&](const Stack& stack) { WriteStack(source, stack); });
    }
    sink_->Write(buffer_);
  }

 private:
  using Values = std::array<int64_t, 2 * kMeasures>;

  int64_t StringId(std::string_view text) {
    const auto [at, fresh] = strings_.insert({std::string(text), int64_t(strings_.size())});
    if (fresh) profile_.add_string(kStringTable, text.data(), text.size());
    return at->second;
  }

  void AddValueType(ProfileField field, std::string_view type, std::string_view unit) {
    const int64_t type_id = StringId(type), unit_id = StringId(unit);
    std::string bytes;
    pbf_writer message(bytes);
    message.add_int64(1, type_id);
    message.add_int64(2, unit_id);
    profile_.add_message(field, bytes);
  }

  void WriteHead() {
    for (const SampleType& type : kSampleTypes) {
      AddValueType(kSampleType, type.objects, "count");
      AddValueType(kSampleType, type.bytes, "bytes");
      if (type.measure != options_.what) continue;
      profile_.add_int64(kDefaultSampleType, StringId(options_.unit == Unit::kBytes ? type.bytes : type.objects));
    }
    AddValueType(kPeriodType, "space", "bytes");
    profile_.add_int64(kPeriod, 1);  // every allocation was seen
    profile_.add_int64(kComment, StringId(fmt::format("limpet {}: {}", options_.version, options_.title)));
    if (options_.sources.empty()) return;
    const capture::Process& first = *options_.sources.front().process;
    profile_.add_int64(kTimeNanos, int64_t(first.start_realtime_ns));
    profile_.add_int64(kDurationNanos, int64_t(first.duration_ns));
  }

  // The blocks of a stack by allocator and epoch of birth, so that tools can choose by either; and what grew, which is of the whole stack.
  void WriteStack(const ProfileSource& source, const Stack& stack) {
    const std::vector<uint32_t>& places = frames_.Stack(stack.node);
    for (const uint32_t place : places) TellLocation(place);
    const diagnose::AsOf as_of = diagnose::ReferenceOf(*source.process);
    for (const uint32_t index : stack.sites) {
      const capture::Site& site = source.process->sites[index];
      for (const capture::Cohort& cohort : site.cohorts) {
        Values values{};
        Set(&values, Measure::kAllocated, cohort.births);
        Set(&values, Measure::kChurned, cohort.births - cohort.live());
        Set(&values, Measure::kPeak, cohort.peak_live);
        Set(&values, Measure::kLive, diagnose::LiveAt(cohort, as_of));
        pbf_writer sample = BeginSample(places, values);
        AddLabel(&sample, "kind", NameOf(site.domain));
        if (index < source.site_types.size() && !source.site_types[index].empty())
          AddLabel(&sample, "type", source.site_types[index]);
        AddNumber(&sample, "epoch", cohort.group.value);
        EndSample(*source.process, &sample);
      }
    }
    if (stack.amounts[size_t(Measure::kGrown)] == capture::Amount()) return;
    Values values{};
    Set(&values, Measure::kGrown, stack.amounts[size_t(Measure::kGrown)]);
    pbf_writer sample = BeginSample(places, values);
    EndSample(*source.process, &sample);
  }

  static void Set(Values* values, Measure measure, const capture::Amount& amount) {
    (*values)[2 * size_t(measure)] = int64_t(amount.blocks);
    (*values)[2 * size_t(measure) + 1] = int64_t(amount.bytes);
  }

  pbf_writer BeginSample(const std::vector<uint32_t>& places, const Values& values) {
    sample_.clear();
    pbf_writer sample(sample_);
    ids_.clear();
    for (const uint32_t place : places) ids_.push_back(uint64_t{place} + 1);
    sample.add_packed_uint64(1, ids_.begin(), ids_.end());
    sample.add_packed_int64(2, values.begin(), values.end());
    return sample;
  }

  void EndSample(const capture::Process& process, pbf_writer* sample) {
    AddNumber(sample, "pid", process.pid);
    profile_.add_message(kSample, sample_);
    if (buffer_.size() < kBufferBytes) return;
    sink_->Write(buffer_);
    buffer_.clear();
  }

  void AddLabel(pbf_writer* sample, std::string_view key, std::string_view text) {
    label_.clear();
    pbf_writer label(label_);
    label.add_int64(1, StringId(key));
    label.add_int64(2, StringId(text));
    sample->add_message(3, label_);
  }

  void AddNumber(pbf_writer* sample, std::string_view key, int64_t number) {
    label_.clear();
    pbf_writer label(label_);
    label.add_int64(1, StringId(key));
    label.add_int64(3, number);
    label.add_int64(4, StringId(key));  // its unit: else pprof may take it for bytes
    sample->add_message(3, label_);
  }

  // Every place is a location of its own, named without an address.
  void TellLocation(uint32_t number) {
    if (number < told_.size() && told_[number]) return;
    if (number >= told_.size()) told_.resize(frames_.places().size());
    told_[number] = true;
    const Place& place = frames_.places()[number];
    const uint64_t function = FunctionId(place);
    std::string line_bytes, bytes;
    pbf_writer line(line_bytes), location(bytes);
    line.add_uint64(1, function);
    line.add_int64(2, place.line);
    location.add_uint64(1, uint64_t{number} + 1);
    location.add_message(4, line_bytes);
    profile_.add_message(kLocation, bytes);
  }

  uint64_t FunctionId(const Place& place) {
    const int64_t name = StringId(place.function), file = StringId(place.file);
    const std::string key = fmt::format("{} {} {}", name, file, place.first_line);
    const auto [at, fresh] = functions_.insert({key, functions_.size() + 1});
    if (!fresh) return at->second;
    std::string bytes;
    pbf_writer function(bytes);
    function.add_uint64(1, at->second);  // no system name: one like the name would be demangled, and "<module>" cut out
    function.add_int64(2, name);
    function.add_int64(4, file);
    function.add_int64(5, place.first_line);
    profile_.add_message(kFunction, bytes);
    return at->second;
  }

  static constexpr size_t kBufferBytes = size_t{1} << 16;
  const ProfileOptions& options_;
  Sink* sink_;
  FrameTable frames_;
  std::string buffer_, sample_, label_;
  pbf_writer profile_{buffer_};
  std::vector<uint64_t> ids_;
  std::vector<bool> told_;  // by place
  tsl::robin_map<std::string, int64_t> strings_;
  tsl::robin_map<std::string, uint64_t> functions_;
};

}  // namespace

void WritePprof(const ProfileOptions& options, Sink* sink) { PprofWriter(options, sink).Write(); }

}  // namespace limpet::interchange
