// What a configure step did to which path: its records, folded.
#ifndef GLOVEBOX_VERIFY_CONFIGURE_OBSERVED_H_
#define GLOVEBOX_VERIFY_CONFIGURE_OBSERVED_H_

#include <map>
#include <set>
#include <string>

#include "access/touch.h"
#include "verify/input.h"
#include "verify/observed.h"

namespace glovebox::verify {

// One path by the whole step. Each record is the first of its kind, an index into Log::records.
struct ConfigureSeen {
  size_t read = kNoRecord;  // or run, before the step had made or emptied it itself
  size_t listed = kNoRecord;
  size_t wrote = kNoRecord;    // made, emptied, changed, or another file's name put on it
  size_t removed = kNoRecord;  // although the step had not made it
  bool run = false;            // as a program, and not read
  bool own = false;            // made or emptied by the step
  bool made = false;
  bool alive = false;      // made, and not taken away again
  bool directory = false;  // something lies in it, or it was made as one
  bool told = false;       // the policy has something against it, and says so itself
};

class ConfigureObserved {
 public:
  explicit ConfigureObserved(const Input& input);

  // By path: what lies below a directory comes behind it.
  const std::map<std::string, ConfigureSeen>& seen() const { return seen_; }
  // There was no CMakeCache.txt when it began: what it read in the build directory, others have put there.
  bool fresh() const { return fresh_; }
  // Below where a program of the step is installed: "/opt/x" of "/opt/x/bin/cmake".
  bool IsInstalled(absl::string_view path) const;

 private:
  void Add(const access::Access& access, size_t record);
  void AddRead(const access::Access& access, const access::Touch& touch, size_t record, ConfigureSeen* seen);
  void AddWrite(const access::Access& access, const access::Touch& touch, size_t record, ConfigureSeen* seen);
  void AddProgram(absl::string_view path);
  void Move(const std::string& from, const std::string& to);
  void FindDirectories();

  const Input& input_;
  std::string cache_;  // BUILD/CMakeCache.txt
  bool met_cache_ = false, fresh_ = false;
  std::map<std::string, ConfigureSeen> seen_;
  std::set<std::string> prefixes_;
};

// Git and its like: what they read of the tree is no input that anybody could list.
bool IsVersionControl(absl::string_view program);
// What a compiler runs, the linker, the tools that stand beside it.
bool IsCompilerPart(absl::string_view program);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_CONFIGURE_OBSERVED_H_
