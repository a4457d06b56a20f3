// For tests of writers: where they write, and the most memory that it takes them.
#ifndef LIMPET_INTERCHANGE_TEST_PLACES_H_
#define LIMPET_INTERCHANGE_TEST_PLACES_H_

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace limpet::interchange {

inline std::filesystem::path Place(const char* name) {
  return std::filesystem::path(testing::TempDir()) / (std::to_string(getpid()) + name);
}

// The most memory that a process of its own takes for `work`, which returns whether all went well. Bytes.
template <class Work>
size_t PeakBytes(Work work) {
  const std::string result = Place("peak").string();
  const pid_t child = fork();
  if (child == 0) {
    if (!work()) _exit(1);
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) std::ofstream(result) << std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  size_t peak = 0;
  std::ifstream(result) >> peak;
  std::filesystem::remove(result);
  return peak;
}

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_TEST_PLACES_H_
