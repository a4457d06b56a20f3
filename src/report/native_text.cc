#include "report/native_text.h"

#include <string_view>

#include <fmt/format.h>

#include "report/canvas.h"
#include "report/phrases.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::NativeFrame;
using diagnose::NativeView;

std::string_view LastPart(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string Brief(const NativeFrame& frame, std::string_view module_before) {
  std::string out = SafeText(frame.function);
  const std::string_view module = LastPart(frame.module);
  if (frame.line != 0) out += fmt::format(" ({}:{})", SafeText(std::string(LastPart(frame.file))), frame.line);
  else if (module != module_before && !frame.function.starts_with(module))
    out += fmt::format(" [{}]", SafeText(std::string(module)));
  return out;
}

}  // namespace

std::string NativeInLine(const NativeView& native, size_t columns) {
  constexpr std::string_view kArrow = " <- ", kRest = " <- ...";
  std::string out = native.allocator;
  std::string_view module;
  for (size_t i = 0; i < native.stack.size(); i++) {
    const NativeFrame& frame = native.stack[i];
    size_t repeats = 0;
    while (i + 1 < native.stack.size() && native.stack[i + 1].function == frame.function) repeats++, i++;
    std::string next = std::string(kArrow) + Brief(frame, module);
    if (repeats > 0) next += fmt::format(" ({} more of it)", repeats);
    const bool last = i + 1 == native.stack.size();
    if (!module.empty() && DisplayWidth(out) + DisplayWidth(next) + (last ? 0 : kRest.size()) > columns)
      return out + std::string(kRest);
    out += next;
    module = LastPart(frame.module);
  }
  return ShortenMiddle(out, columns);
}

std::vector<std::string> NativeInLines(const NativeView& native) {
  std::vector<std::string> out = {native.allocator};
  for (const NativeFrame& frame : native.stack) {
    std::string line = SafeText(frame.function);
    if (frame.line != 0) line += fmt::format(" at {}:{}", SafeText(frame.file), frame.line);
    out.push_back(line + fmt::format(" in {}", SafeText(frame.module)));
  }
  if (native.stacks > 1) out.push_back(fmt::format("and {} other native stacks", native.stacks - 1));
  return out;
}

}  // namespace limpet::report
