#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "report/diff.h"

namespace glovebox::report {

using compare::Source;

std::string SourceText(Source source, const std::string& detail) {
  switch (source) {
    case Source::kBuildPath:
      return "the build directory stands in it";
    case Source::kSourcePath:
      return "the source directory stands in it";
    case Source::kHomePath:
      return "$HOME stands in it";
    case Source::kEnvironment:
      return absl::StrCat("the variable ", EscapeBytes(detail), " of the environment stands in it");
    case Source::kHost:
      return "it tells one host from another";
    case Source::kTime:
      return "a time stands in it";
    case Source::kOwner:
      return "the owner of a file stands in it";
    case Source::kProcess:
      return "the number of a process stands in it";
    case Source::kTemporaryName:
      return "the name of a temporary file stands in it";
    case Source::kRandom:
      return "random numbers";
    case Source::kOrder:
      return "the same in another order";
    case Source::kCommand:
      return "another command line";
    case Source::kInputs:
      return "it read other files";
    case Source::kMode:
      return "the mode of a file";
    case Source::kMissing:
      return "only one build made it";
    case Source::kDigits:
      return "hexadecimal digits: a random number, or a digest of what differs";
    case Source::kUnknown:
      break;
  }
  return "not known why";
}

std::string SourceRepair(Source source, const std::string& part) {
  switch (source) {
    case Source::kBuildPath:
      if (absl::StrContains(part, ".dynstr"))
        return "the run path of what is not installed yet: CMAKE_BUILD_RPATH_USE_ORIGIN=ON";
      return absl::StrContains(part, ".debug")
                 ? "debug information: -ffile-prefix-map=${CMAKE_BINARY_DIR}=. (and =${CMAKE_SOURCE_DIR}=.)"
                 : "write names relative to the build; of __FILE__: -ffile-prefix-map=${CMAKE_BINARY_DIR}=.";
    case Source::kSourcePath:
      return "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. for debug information and __FILE__; else relative "
             "names";
    case Source::kHomePath:
      return "do not write $HOME into what is built";
    case Source::kEnvironment:
      return "set it in the build itself, or do not write it into what is built";
    case Source::kHost:
      return "a fixed name in the place of the host's";
    case Source::kTime:
      return absl::StrContains(part, ".o") || absl::StrContains(part, ".rodata")
                 ? "SOURCE_DATE_EPOCH in the environment (gcc and clang obey it); -Wdate-time finds __DATE__ "
                   "and "
                   "__TIME__; ar with D"
                 : "take the time from SOURCE_DATE_EPOCH, or leave it out";
    case Source::kOwner:
      return "ar with D; tar --owner=0 --group=0 --numeric-owner";
    case Source::kProcess:
      return "a fixed name in the place of the process's number";
    case Source::kTemporaryName:
      return "a fixed name below the build directory";
    case Source::kRandom:
      return "a fixed seed (-frandom-seed=NAME), or a digest of the content in the place of a random number";
    case Source::kOrder:
      return "sort what a directory or a hash table gives, and what is made in parallel";
    case Source::kMode:
      return "set the mode (install -m), whatever the umask is";
    case Source::kCommand:
    case Source::kInputs:
    case Source::kMissing:
    case Source::kDigits:
    case Source::kUnknown:
      break;
  }
  return "";
}

int DiffExitStatus(const compare::Comparison& comparison) {
  if (comparison.differs()) return 1;
  return comparison.outputs == 0 ? 4 : 0;
}

}  // namespace glovebox::report
