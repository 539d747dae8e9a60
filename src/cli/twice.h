// A build once more: in another directory, at another time.
#ifndef GLOVEBOX_CLI_TWICE_H_
#define GLOVEBOX_CLI_TWICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/files.h"

namespace glovebox::cli {

struct TwiceRequest {
  std::string build_dir;   // that has a run
  std::string to;          // where to build again; must not exist, or be empty. Empty: a temporary directory
  std::string source_dir;  // a copy of the sources; empty: the same ones
  std::vector<std::string> targets;  // in the place of those that the run was asked for; empty: the same
  bool keep_failed = false;          // leave it where it cannot be built
};

// The directory of the second build. It goes with the object, unless Keep() is called. Make it while
// DeferredSignals are held: a build that is interrupted leaves nothing then.
class SecondBuild {
 public:
  // Configures the same source with the same cache, then builds the same targets with glovebox-ninja, each
  // with a line on stderr. Errors: InvalidArgument for a build that CMake has not configured for Ninja, and
  // for a `to` that is not empty; FailedPrecondition where it cannot be configured or built, with what was
  // said; Cancelled where a signal has come.
  static absl::StatusOr<SecondBuild> Make(const TwiceRequest& request);
  ~SecondBuild();
  SecondBuild(SecondBuild&& other) noexcept;
  SecondBuild& operator=(SecondBuild&&) = delete;
  const std::string& path() const { return path_; }
  void Keep() { top_.clear(); }

 private:
  SecondBuild() = default;

  std::string path_;
  std::string top_;  // what was made, `path_` or a directory above it, and is to go; empty: nothing
};

// The words of a run's command that say what is built and how: without -C, which is another one now, and with
// targets by their names below the build directory.
//   TwiceWords({"glovebox-ninja", "-C", "/b", "-j2", "/b/app"}, "/b") -> {"-j2", "app"}
std::vector<std::string> TwiceWords(const std::vector<std::string>& command, const std::string& build_dir);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_TWICE_H_
