// Which commands of a generated CMake build do not run through glovebox-launch, and why. With glovebox-ninja
// every edge is seen from its shell on, whatever this says; it matters for plain ninja and for make.
#ifndef GLOVEBOX_GRAPH_LAUNCH_SCAN_H_
#define GLOVEBOX_GRAPH_LAUNCH_SCAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/ninja_graph.h"
#include "graph/shell_line.h"

namespace glovebox::graph {

enum class UnwrappedReason {
  kConfigure,       // RERUN_CMAKE: CMake itself
  kSymlinkLibrary,  // CMAKE_SYMLINK_LIBRARY, CMAKE_SYMLINK_EXECUTABLE
  kDyndep,          // the collation of C++20 module scans
  kNinjaTool,       // the targets clean and help
  kUtility,         // test, install, edit_cache ...: wrapped or not, they are no part of the build
  kOwnProperty,     // a rule that RULE_LAUNCH_* reaches, but ours is not set there, or another value is
  kShellRemainder,  // b in `a | b`, `a && b`, `a $(b)`
  kShellWord,       // `. env.sh`, `eval ...`: obeyed by the step's own shell
  kUtilityWords,    // wrapped, but glovebox-launch alone takes it for one of CMake's utilities and does not
                    // record it
  kRedirection,     // a file that the edge's own shell opens
  kCannotLaunch,    // `( ... )`, `if ...`, `A=1 && ...` behind a launcher: this build fails where without it
                    // it does not
};
// "configure", "symlink-library", ...; stable, used in JSON.
absl::string_view UnwrappedReasonName(UnwrappedReason reason);
// One sentence for people.
absl::string_view UnwrappedReasonText(UnwrappedReason reason);

struct Unwrapped {
  std::string place;  // the edge's first output, or FILE:LINE of a makefile
  std::string rule;
  UnwrappedReason reason = UnwrappedReason::kOwnProperty;
  std::string part;  // the part of the command that is not wrapped
  bool operator==(const Unwrapped&) const = default;
};

struct LaunchScan {
  int commands = 0;  // edges, or recipe lines, looked at
  int wrapped = 0;   // with nothing left over
  int launched = 0;  // in which glovebox-launch stands at all; 0: the build was configured without the module
  std::vector<Unwrapped> unwrapped;
};

LaunchScan ScanNinja(const NinjaGraph& graph);
// `path` is for the places; link.txt (every line is a command) or build.make.
LaunchScan ScanMakefile(absl::string_view text, const std::string& path);

// Ninja or Makefiles, by what is there; of a multi-config build all configurations, what they share once.
// NotFound: no such directory, or neither build.ninja nor Makefile
// there.
absl::StatusOr<LaunchScan> ScanBuild(const std::string& build_dir, const std::string& ninja = "ninja");

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_LAUNCH_SCAN_H_
