// glovebox-ninja: the same arguments, output, exit code and signals as ninja; every edge is recorded.
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arguments.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/standard_streams.h"
#include "base/variable.h"
#include "build_record.h"
#include "kernel/host.h"
#include "ninja_process.h"
#include "policy/policy_set.h"
#include "project/policy_source.h"

namespace glovebox::ninja {
namespace {

constexpr int kUsage = 2;
constexpr int kHostCannot = 3;
constexpr char kLibrary[] = "libglovebox-ninja.so";

// One line that a terminal only shows, whatever a name put into the message.
int Fail(int code, absl::string_view message) {
  fprintf(stderr, "glovebox-ninja: %s\n", EscapeBytes(message).c_str());
  return code;
}

// LD_PRELOAD has no quoting: a blank, a colon or a dollar in the path would cut or change it. Then a link in
// a private directory stands in for it, and lives as long as `holder`.
std::string PreloadablePath(const std::string& library, std::optional<TempDir>& holder) {
  if (library.find_first_of(" :$") == std::string::npos) return library;
  absl::StatusOr<TempDir> directory = TempDir::Create("glovebox-ninja");
  if (!directory.ok() || directory->path().find_first_of(" :$") != std::string::npos) return "";
  std::string link = JoinPath(directory->path(), kLibrary);
  if (symlink(library.c_str(), link.c_str()) != 0) return "";
  holder.emplace(*std::move(directory));
  return link;
}

bool ReachedByPreload(const std::string& ninja) {
  const absl::StatusOr<UniqueFd> fd = OpenFile(ninja, O_RDONLY);
  if (!fd.ok()) return true;
  char head[8192];
  const ssize_t size = read(fd->get(), head, sizeof head);
  return size < 0 || CanBePreloaded(absl::string_view(head, static_cast<size_t>(size)));
}

// What an option says, else what a variable says. Empty: nobody has said one.
std::string OptionOr(const std::string& option, const char* variable) {
  return option.empty() ? Variable(variable) : option;
}
std::string LevelOf(const Arguments& arguments) { return OptionOr(arguments.level, "GLOVEBOX_LEVEL"); }
std::string ModeOf(const Arguments& arguments) { return OptionOr(arguments.mode, "GLOVEBOX_MODE"); }

policy::Overrides OverridesOf(const Arguments& arguments) {
  policy::Overrides overrides;
  const std::string level = LevelOf(arguments);
  if (!level.empty()) overrides.level = level == "open" ? kernel::Level::kOpen : kernel::Level::kFull;
  const std::string said = ModeOf(arguments);
  for (const policy::Mode mode : {policy::Mode::kObserve, policy::Mode::kReport, policy::Mode::kEnforce}) {
    if (said == policy::ModeName(mode)) overrides.mode = mode;
  }
  return overrides;
}

// The file is named by an option, by GLOVEBOX_POLICY, or it is the build's own.
absl::StatusOr<policy::PolicySet> PoliciesOf(const Arguments& arguments, const std::string& build_dir) {
  project::PolicyPlace place;
  place.named = arguments.policy.empty() ? project::PolicyFromEnvironment() : arguments.policy;
  place.build_dir = build_dir;
  return project::PolicyOf(place);
}

int Become(const std::string& ninja, const Arguments& arguments,
           const std::vector<std::string>& environment) {
  const int error = ExecNinja(ninja, arguments.forwarded, environment);
  return Fail(kHostCannot, absl::StrCat("cannot run ", ninja, ": ", strerror(error)));
}

int Build(const std::string& ninja, const Arguments& arguments, const std::string& build_dir,
          const std::vector<std::string>& environment, const std::vector<std::string>& command) {
  const char* named = getenv("GLOVEBOX_LAUNCH");
  // The last places are those in a build tree.
  const std::string launcher = named != nullptr && named[0] != '\0'
                                   ? named
                                   : FindBeside({"glovebox-launch", "../src/child/glovebox-launch"});
  const std::string library = FindBeside({absl::StrCat("../lib/glovebox/", kLibrary), kLibrary});
  if (launcher.empty() || ::access(launcher.c_str(), X_OK) != 0 || library.empty()) {
    return Fail(kHostCannot, absl::StrCat(launcher.empty() ? "glovebox-launch" : launcher, " or ", kLibrary,
                                          " is missing beside ", OwnDirectory(), ": install Glovebox again"));
  }
  absl::StatusOr<policy::PolicySet> policies = PoliciesOf(arguments, build_dir);
  if (!policies.ok()) {
    return Fail(kUsage, absl::StrCat(policies.status().message(), "; nothing was built"));
  }
  const sigset_t mask = HoldSignals();
  const kernel::HostFeatures host = kernel::ProbeHost();
  std::optional<TempDir> holder;
  const std::string preload = PreloadablePath(library, holder);
  if (host.outer_supervisor && library == preload) {
    // A Glovebox above us records already: each edge announces itself there.
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    return Become(ninja, arguments, NinjaEnvironment(environment, preload, launcher, ""));
  }
  BuildRequest request{build_dir,
                       arguments.manifest,
                       ninja,
                       command,
                       LevelOf(arguments) == "strict",
                       arguments.verify || Variable("GLOVEBOX_VERIFY") == "1",
                       !preload.empty() && ReachedByPreload(ninja),
                       host,
                       *std::move(policies),
                       OverridesOf(arguments),
                       {launcher, library}};
  absl::StatusOr<std::unique_ptr<BuildRecord>> record = BuildRecord::Start(request);
  if (!record.ok()) {
    return Fail(kHostCannot, absl::StrCat(record.status().message(),
                                          "; nothing was built, and plain ninja builds without a "
                                          "record"));
  }
  const absl::StatusOr<int> status =
      RunNinja(ninja, arguments.forwarded,
               NinjaEnvironment(environment, preload, launcher, (*record)->socket_path()), mask);
  const BuildRecord::Finished finished = (*record)->Finish(status.ok() ? *status : 0x100);
  if (!status.ok()) return Fail(kHostCannot, status.status().message());
  if (!finished.text.empty()) fprintf(stderr, "%s\n", finished.text.c_str());
  record->reset();
  holder.reset();
  // Who asked for a verdict is told by the exit status, where Ninja itself has nothing to tell.
  if (*status == 0 && finished.verified != 0) return finished.verified;
  EndLike(*status);
}

int Main(int argc, char** argv) {
  const std::vector<std::string> command(argv, argv + argc);
  const Arguments arguments = ParseArguments(command);
  if (!arguments.error.empty()) return Fail(kUsage, arguments.error);
  if (const std::string level = LevelOf(arguments); !level.empty() && !IsLevel(level)) {
    return Fail(kUsage, absl::StrCat("GLOVEBOX_LEVEL=", level, ": say open, full or strict"));
  }
  if (const std::string mode = ModeOf(arguments); !mode.empty() && !OverridesOf(arguments).mode.has_value()) {
    return Fail(kUsage, absl::StrCat("GLOVEBOX_MODE=", mode, ": say observe, report or enforce"));
  }
  const absl::StatusOr<std::string> ninja = FindNinja();
  if (!ninja.ok()) return Fail(kHostCannot, ninja.status().message());
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  char build_dir[PATH_MAX];
  const std::string directory = arguments.directory.empty() ? "." : arguments.directory;
  // Where there is nothing to build Ninja's own message is the best.
  if (arguments.direct || realpath(directory.c_str(), build_dir) == nullptr ||
      !FileExists(JoinPath(build_dir, arguments.manifest))) {
    return Become(*ninja, arguments, environment);
  }
  return Build(*ninja, arguments, build_dir, environment, command);
}

}  // namespace
}  // namespace glovebox::ninja

int main(int argc, char** argv) {
  glovebox::HoldStandardStreams();
  return glovebox::ninja::Main(argc, argv);
}
