// Ninja's command line, read as Ninja reads it, to know where it will work and whether it will build.
#ifndef GLOVEBOX_NINJA_WRAPPER_ARGUMENTS_H_
#define GLOVEBOX_NINJA_WRAPPER_ARGUMENTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::ninja {

struct Arguments {
  std::vector<std::string> forwarded;    // what Ninja gets after argv[0], verbatim and in order
  std::string directory;                 // -C, the last one; empty: where we are
  std::string manifest = "build.ninja";  // -f, relative to `directory`
  // True where nothing is built that should be recorded: -t, -n, -h, --version, an option that Ninja will
  // refuse, and the targets cmTC_* of CMake's try_compile.
  bool direct = false;
  // Our own options, empty when not given: --glovebox-level=, --glovebox-policy=, --glovebox-mode=. The last
  // two may have their value in the next word as well.
  std::string level;
  std::string policy;
  std::string mode;
  bool verify = false;  // --verify, or --glovebox-verify
  std::string error;    // not empty: one of them is wrong (exit 2)
};

// observe, report or enforce.
bool IsMode(absl::string_view word);

// open, full, or strict: full, and no program is given the preloaded library (src/trace/shims.h).
bool IsLevel(absl::string_view word);

// getopt_long with Ninja's own tables (ninja.cc, 1.10 to 1.13), so that `-kC dir`, `--`, options after
// targets and shortened long options mean what they mean there. Not thread-safe (getopt's globals).
Arguments ParseArguments(const std::vector<std::string>& argv);

}  // namespace glovebox::ninja

#endif  // GLOVEBOX_NINJA_WRAPPER_ARGUMENTS_H_
