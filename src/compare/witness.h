// What two builds can be told apart by: what a byte that differs is held against.
#ifndef GLOVEBOX_COMPARE_WITNESS_H_
#define GLOVEBOX_COMPARE_WITNESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace glovebox::compare {

// Where a difference comes from. The order is that of a report: the sure ones first.
enum class Source : uint8_t {
  kBuildPath,      // where the build directory is
  kSourcePath,     // where the source directory is
  kHomePath,       // $HOME
  kEnvironment,    // the value of a variable of the environment
  kHost,           // the host's name, or a file that tells one machine from another
  kTime,           // a time, a date, seconds since 1970
  kOwner,          // who owns a file
  kProcess,        // the number of a process
  kTemporaryName,  // the name of a temporary file
  kRandom,         // a UUID, or something that reads random numbers
  kOrder,          // the same lines in another order
  kCommand,        // another command line
  kInputs,         // other files were read
  kMode,           // the mode of a file
  kMissing,        // only one build has the file
  kDigits,         // hexadecimal digits: a random number, or a digest of what differs
  kUnknown,
};
// "build-path": stable, used in JSON.
absl::string_view SourceName(Source source);

// A name by which one build knows a place, and the other one's name of the same place.
struct PlacePair {
  std::string a;
  std::string b;
  Source source = Source::kUnknown;
};

struct SideWitness {
  std::string build_dir;   // all absolute; empty: not known
  std::string build_link;  // what the configuring tool calls it, where a link leads there; empty: the same
  std::string source_dir;
  std::string home;
  std::string tmp;
  std::string host;
  int64_t start_s = 0;  // CLOCK_REALTIME; 0: not known
  int64_t end_s = 0;
  absl::flat_hash_map<std::string, std::string> environment;  // NAME -> digest (access/environment.h)
  absl::flat_hash_set<int64_t> pids;                          // of the edge's processes
};

// Immutable once made.
class Witness {
 public:
  Witness(const SideWitness& a, const SideWitness& b);
  const SideWitness& a() const { return a_; }
  const SideWitness& b() const { return b_; }
  // Only those whose names differ, the longest first.
  const std::vector<PlacePair>& places() const { return places_; }
  // Variables that both have, with another value each.
  const std::vector<std::string>& changed_variables() const { return changed_; }

 private:
  SideWitness a_;
  SideWitness b_;
  std::vector<PlacePair> places_;
  std::vector<std::string> changed_;
};

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_WITNESS_H_
