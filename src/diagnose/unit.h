// Units: the lines of the program that memory is laid to. A stack belongs to its innermost frame that is the user's own code, so that
// a thousand stacks through json or asyncio become one line that the user can change.
#ifndef LIMPET_DIAGNOSE_UNIT_H_
#define LIMPET_DIAGNOSE_UNIT_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"
#include "diagnose/survival.h"

namespace limpet::diagnose {

// Whose code a file is. Lower is nearer to the user; a stack without a frame of one kind falls back to the next.
enum class Owner : uint8_t {
  kUser = 0,
  kGenerated = 1,  // "<string>" and the like: exec'd text, `python -c`, methods that dataclasses write
  kPackage = 2,    // site-packages, dist-packages
  kStandard = 3,   // the standard library
  kFrozen = 4,     // modules frozen into the interpreter
};
inline constexpr size_t kOwners = 5;

Owner OwnerOf(std::string_view file);

// Which counts of a cohort are looked at.
capture::Amount LiveAt(const capture::Cohort& cohort, AsOf as_of);
capture::Amount LiveAt(const capture::Site& site, AsOf as_of);

// One line and the sites under it. What a line made by an import that it caused once (`import` in a function, a warning) is a unit of its
// own: it says nothing of what the line does each time.
struct Unit {
  capture::FrameId frame;       // one of the line's frames, for its names
  bool no_frame = false;        // memory allocated with no Python frame: `frame` means nothing
  bool imported = false;        // all of it came with modules that were imported once
  std::vector<uint32_t> sites;  // indices into Process::sites
  capture::Amount births;
};

// The epoch groups of the program's work. Before it nearly all births are those of imports: a second of `import pandas` is no part of the run
// that a third of a second of growth could be measured by. After it the program takes down what it has: an asyncio program cancels its tasks,
// and every one that was leaked wakes up and makes an exception, at the very line at which it waited.
struct WorkSpan {
  size_t begins = 0;
  size_t ends = SIZE_MAX;  // one past the last
};

struct UnitTable {
  std::vector<Unit> units;
  std::vector<capture::NodeId> user_node;  // by node: the innermost node of its stack that names the unit; node 0: none
  std::vector<uint32_t> line_of_frame;     // by frame: dense number of (file, function, line)
  std::vector<Owner> owner;                // by frame
  std::vector<bool> importing;             // by node: a module is being imported somewhere in its stack
  std::vector<bool>
      import_machinery;    // by node: and nothing of that module runs yet: it is found, read and unmarshalled
  bool reimports = false;  // some module's code ran again and again
  WorkSpan work;
};

UnitTable GroupByLine(const capture::Process& process);

// The slots of some sites as of one image. Groups after that image, and after the work, are left out; memory inherited over a fork is no birth.
std::vector<Slot> Timeline(const capture::Process& process, const std::vector<uint32_t>& sites, AsOf as_of,
                           WorkSpan work);

// A frame that runs whatever it is given: the loop of an event loop, a thread's or a pool's first function. What is farther out than such
// a frame (`asyncio.run(main())`, `server.serve_forever()`) is in every stack, and tells nothing of any.
bool IsDispatcher(const capture::Frame& frame);

// Memory of an import is there once, however many imports a program has: only a stack that comes again and again (a plugin loaded anew
// for each job) is evidence of growth. Is this site's memory that of an import alone?
bool IsOnceImported(const capture::Process& process, const UnitTable& table, const capture::Site& site);

// Wall time for each part of processor time: more is waiting for something else.
inline constexpr double kMostWait = 30;
double CpuOf(const capture::EpochGroup& group);  // ns

// Share of the run that each group up to the image stands for. Time, volume and (where marked) iterations each have a say. Time
// counts up to thirty times the processor time that was used: a program that waits (for a compiler, for requests, for its turn on a busy
// machine) does not grow, which is no proof that something stopped; one that sleeps a little between its steps goes on. Nor does a load in
// one go become a long run by its volume. Groups before `work` weigh nothing, those after it are left out.
std::vector<double> Weights(const capture::Process& process, AsOf as_of, WorkSpan work);

// The same by processor time and volume alone: where the load of the machine comes and goes, wall time is uneven though the work is not.
std::vector<double> WorkWeights(const capture::Process& process, AsOf as_of, WorkSpan work);

// When the image was taken, and the number of groups that it knows.
struct ImageTime {
  uint64_t time_ns = 0;
  size_t groups = 0;
};
ImageTime TimeOf(const capture::Process& process, AsOf as_of);

Location LocationOf(const capture::Process& process, capture::FrameId frame);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_UNIT_H_
