// What a report needs to know of the build beside its log: where things are, and which edges there are.
// The CLI fills it from the run's own record and from graph/; every field may be empty.
#ifndef GLOVEBOX_REPORT_BUILD_INFO_H_
#define GLOVEBOX_REPORT_BUILD_INFO_H_

#include <string>
#include <vector>

#include "access/record.h"

namespace glovebox::report {

struct EdgeInfo {
  std::vector<std::string> outputs;  // as Ninja names them: relative to build_dir, or absolute
  std::string rule;
  std::string command;  // as Ninja hands it to /bin/sh -c

  bool operator==(const EdgeInfo&) const = default;
};

// Directories are absolute; they are cleaned by their letters, not resolved: give resolved ones, since
// accesses are classed by their resolved path.
struct BuildInfo {
  std::string source_dir;
  std::string build_dir;
  std::string manifest = "build.ninja";  // what Ninja reads, relative to build_dir
  std::string home;
  std::string tmp;
  // Directories that belong to the compiler with all that is below them (CMake's implicit include
  // directories, gcc's own ones). Empty: the list in classify.h is used.
  std::vector<std::string> toolchain_roots;
  // Where the linker looks: only what a linker reads counts there (*.a, *.o, *.so), since the same directory
  // holds every library of the system.
  std::vector<std::string> toolchain_link_dirs;
  std::vector<std::string> toolchain_files;  // the compilers and their tools themselves
  std::vector<EdgeInfo> edges;
  // Commands and redirections that no launcher wraps (graph::ScanBuild), where launchers alone recorded.
  size_t unwrapped = 0;

  bool operator==(const BuildInfo&) const = default;
};

// The directories that the run itself wrote down.
BuildInfo BuildInfoFrom(const access::RunInfo& run);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_BUILD_INFO_H_
