#include "cli/twice.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "access/action_table.h"
#include "access/log.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/variable.h"
#include "cli/deferred_signals.h"
#include "cli/print.h"
#include "graph/cmake_cache.h"
#include "graph/cmake_info.h"
#include "graph/run_tool.h"
#include "report/format.h"

namespace glovebox::cli {
namespace {

constexpr size_t kTold = 4000;  // bytes of what a failed command said

struct First {
  std::string build_dir;  // as the kernel finds it
  std::string source_dir;
  std::string cmake;
  std::string generator;
  std::vector<std::string> words;
  int64_t end_s = 0;
  std::vector<graph::Move> moves;
};

std::string Last(const std::string& text) {
  return text.size() <= kTold ? text : absl::StrCat("...", text.substr(text.size() - kTold));
}

// What a tool says, where it ends well.
absl::Status Must(const std::vector<std::string>& words, const std::string& what,
                  const std::string& directory) {
  ASSIGN_OR_RETURN(const graph::ToolOutput done, graph::RunTool(words, "", DeferredSignals::Running()));
  if (DeferredSignals::Came()) return absl::CancelledError(absl::StrCat(what, " was interrupted"));
  if (done.exit_status == 0) return absl::OkStatus();
  // Its own words, as they are: a status would escape the newlines.
  const std::string said = Last(absl::StrCat(done.out, done.err));
  fwrite(said.data(), 1, said.size(), stderr);
  return absl::FailedPreconditionError(
      absl::StrCat(what, " in ", directory, " failed: exit status ", done.exit_status));
}

absl::StatusOr<std::string> ReadCache(const std::string& build_dir) {
  auto text = ReadFile(JoinPath(build_dir, "CMakeCache.txt"));
  if (text.ok()) return text;
  return absl::InvalidArgumentError(absl::StrCat("--twice is for CMake's builds, and ", build_dir,
                                                 " has no CMakeCache.txt: build it again by hand in another "
                                                 "directory with glovebox-ninja, then glovebox diff ",
                                                 build_dir, " OTHER"));
}

// Without its actions: what was run, and until when.
absl::Status AskForRun(First* first) {
  ASSIGN_OR_RETURN(const std::string run_dir, access::LatestRun(first->build_dir));
  ASSIGN_OR_RETURN(const access::Log log, access::ReadLog(run_dir));
  const access::ActionTable table = access::MakeActionTable(log);
  if (!table.run.has_value()) return absl::FailedPreconditionError("the log does not say what was run");
  if (absl::StartsWith(table.run->tool, "glovebox-ninja"))
    first->words = TwiceWords(table.run->command, first->build_dir);
  first->end_s = table.run->start_unix_ns / 1'000'000'000;
  if (table.run_end.has_value())
    first->end_s += static_cast<int64_t>((table.run_end->time_ns - table.run->start_ns) / 1'000'000'000);
  return absl::OkStatus();
}

absl::StatusOr<First> FirstOf(const std::string& build_dir, const std::string& cache) {
  First first;
  first.build_dir = RealPath(build_dir);
  const auto entries = graph::ParseCMakeCache(cache);
  const auto value = [&entries](const char* name, const std::string& otherwise) {
    const auto found = entries.find(name);
    return found == entries.end() || found->second.empty() ? otherwise : found->second;
  };
  first.source_dir = value("CMAKE_HOME_DIRECTORY", "");
  first.generator = value("CMAKE_GENERATOR", "");
  first.cmake = value("CMAKE_COMMAND", "cmake");
  if (!FileExists(first.cmake)) first.cmake = "cmake";
  if (!absl::StartsWith(first.generator, "Ninja"))
    return absl::InvalidArgumentError(
        absl::StrCat("--twice is for Ninja, and ", build_dir, " is for ", first.generator));
  RETURN_IF_ERROR(AskForRun(&first));
  return first;
}

// Of another length than the first: what is laid out by the length of a path is found then.
absl::StatusOr<std::string> PlaceFor(const TwiceRequest& request, const First& first, std::string* top) {
  if (!request.to.empty()) {
    std::error_code error;
    const bool there = std::filesystem::exists(request.to, error);
    if (there && !std::filesystem::is_empty(request.to, error))
      return absl::InvalidArgumentError(absl::StrCat(request.to, " is not empty"));
    RETURN_IF_ERROR(MakeDirectories(request.to));
    *top = RealPath(request.to);
    return *top;
  }
  std::string pattern = JoinPath(RealPath(Variable("TMPDIR", "/tmp")), "glovebox-twice-XXXXXX");
  if (mkdtemp(pattern.data()) == nullptr) return ErrnoStatus("mkdtemp", pattern, errno);
  *top = pattern;
  std::string place = JoinPath(pattern, "second");
  if (place.size() == first.build_dir.size()) place += "-build";
  RETURN_IF_ERROR(MakeDirectories(place));
  return place;
}

std::string NinjaProgram() { return FindBeside({"glovebox-ninja", "../../ninja-wrapper/glovebox-ninja"}); }

void WaitForAnotherSecond(int64_t second) {
  while (time(nullptr) <= second + 1 && !DeferredSignals::Came())
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

absl::Status ConfigureAndBuild(const First& first, const std::string& place, const std::string& cache) {
  const std::string script = JoinPath(place, "glovebox-initial-cache.cmake");
  RETURN_IF_ERROR(WriteFile(script, graph::InitialCache(graph::CacheEntries(cache), first.moves)));
  PrintError(absl::StrCat("configuring ", first.source_dir, " again in ", place));
  RETURN_IF_ERROR(
      Must({first.cmake, "-S", first.source_dir, "-B", place, "-G", first.generator, "-C", script},
           "configuring", place));
  WaitForAnotherSecond(first.end_s);
  const std::string program = NinjaProgram();
  if (program.empty())
    return absl::NotFoundError(
        absl::StrCat("glovebox-ninja is missing beside ", OwnDirectory(), ": install Glovebox again"));
  std::vector<std::string> words = {program, "-C", place};
  words.insert(words.end(), first.words.begin(), first.words.end());
  PrintError("building there");
  return Must(words, "building", place);
}

}  // namespace

std::vector<std::string> TwiceWords(const std::vector<std::string>& command, const std::string& build_dir) {
  std::vector<std::string> words;
  for (size_t i = 1; i < command.size(); ++i) {
    if (command[i] == "-C") {
      ++i;
    } else if (!absl::StartsWith(command[i], "-C") && command[i] != "--verify" &&
               command[i] != "--glovebox-verify") {
      words.emplace_back(absl::StripPrefix(command[i], build_dir + "/"));
    }
  }
  return words;
}

absl::StatusOr<SecondBuild> SecondBuild::Make(const TwiceRequest& request) {
  ASSIGN_OR_RETURN(const std::string cache, ReadCache(request.build_dir));
  ASSIGN_OR_RETURN(First first, FirstOf(request.build_dir, cache));
  SecondBuild second;
  ASSIGN_OR_RETURN(second.path_, PlaceFor(request, first, &second.top_));
  first.moves.push_back({first.build_dir, second.path_});
  if (!request.source_dir.empty()) {
    first.moves.push_back({first.source_dir, request.source_dir});
    first.source_dir = request.source_dir;
  }
  if (!request.targets.empty()) first.words = request.targets;
  const absl::Status built = ConfigureAndBuild(first, second.path_, cache);
  if (!built.ok() && request.keep_failed && !absl::IsCancelled(built)) second.Keep();
  RETURN_IF_ERROR(built);
  return second;
}

SecondBuild::SecondBuild(SecondBuild&& other) noexcept
    : path_(std::move(other.path_)), top_(std::exchange(other.top_, "")) {}

// With the runs of it that are on record.
SecondBuild::~SecondBuild() {
  if (top_.empty()) return;
  std::error_code error;
  const auto state = access::StateDirFor(path_);
  if (state.ok()) std::filesystem::remove_all(*state, error);
  std::filesystem::remove_all(top_, error);
}

}  // namespace glovebox::cli
