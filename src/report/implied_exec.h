// Programs that the kernel started without a call that names them: the interpreter of a script ("#!"), the
// one that binfmt_misc has for a format. Known by what the process is afterwards.
#ifndef GLOVEBOX_REPORT_IMPLIED_EXEC_H_
#define GLOVEBOX_REPORT_IMPLIED_EXEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "access/record.h"
#include "access/touch.h"

namespace glovebox::report {

struct ImpliedExec {
  std::string program;  // resolved: "/usr/bin/python3.11"
  std::string named;    // what the call named: "/src/gen.py"
  std::string by;       // the program that made the call
};

//   ImpliedExecs implied;
//   if (const auto exec = implied.See(segment, access)) ...  // for each access, in the order of time
// An exec is settled by the first later access of its process. Not told: where the process made none, and
// where the interpreter is the program that made the call (a shell that starts a shell script: the call may
// as well have failed). Not thread-safe.
class ImpliedExecs {
 public:
  std::optional<ImpliedExec> See(uint32_t segment, const access::Access& access);

 private:
  struct Pending {
    access::ActionId action = 0;
    std::string named;
    std::string by;
  };
  absl::flat_hash_map<std::pair<uint32_t, int32_t>, Pending> pending_;  // by process
};

// What it did to `program`.
inline access::Touch TouchOf(const ImpliedExec& exec) { return {exec.program, access::kExecuted}; }

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_IMPLIED_EXEC_H_
