// glovebox-launch's command line:
//   glovebox-launch [--role=R] [--build=DIR] [--lang=L] [--target=T] [--type=T] [--out=FILE [FILE...]]
//   [--dep=FILE] [--test=NAME] [--policy=NAME] -- CMD ARGS...
#ifndef GLOVEBOX_CHILD_LAUNCH_OPTIONS_H_
#define GLOVEBOX_CHILD_LAUNCH_OPTIONS_H_

#include <cstddef>

#include "child/wire.h"

namespace glovebox::child {

// Pointers into argv; an absent string is "".
struct LaunchOptions {
  Role role = Role::kRun;
  const char* target = "";
  const char* type = "";
  const char* language = "";
  const char* depfile = "";
  const char* policy = "";  // the section of the policy file that it asks for by name (GLOVEBOX_POLICY)
  const char* test = "";    // the name that CTest knows it by, as the module wrote it (like `build`)
  // The build this is a step of, as the module wrote it (unusual characters are %XX). Only who records alone
  // needs it: a supervisor knows what it watches.
  const char* build = "";
  bool stays = false;              // said of a child whose parent has stayed (launch_stay.h)
  const char** outputs = nullptr;  // the caller's room
  size_t output_count = 0;
  char** command = nullptr;  // null-terminated, at least one word
  size_t command_count = 0;
};

// `outputs` has room for argc entries. Null, or what is wrong, as a constant. Words before `--` that are no
// options belong to the option before them (Ninja expands $out to several words; only --out keeps more than
// the first). A placeholder that CMake did not fill in ("--target=TARGET_NAME") is absent. Options that are
// not known are passed over, so that a newer module with an older launcher does not break a build; a role
// that is not known is kRun.
const char* ParseLaunchOptions(int argc, char** argv, const char** outputs, LaunchOptions& options);

// "compile" of kCompile.
const char* RoleName(Role role);

// Whether this is one of CMake's own custom targets (test, install, package ...): a build that starts a
// build, a test run or an installation, and no edge.
bool IsUtility(const LaunchOptions& options);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_LAUNCH_OPTIONS_H_
