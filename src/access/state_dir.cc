#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/builder.h"
#include "access/keyed_hash.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/run_files.h"
#include "access/run_guard.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

constexpr int kKeepRuns = 20;
constexpr int kKeepConfigureRuns = 5;
constexpr char kLoose[] = "loose";
constexpr char kConfigure[] = "configure-";
constexpr char kRemoving[] = ".removing-";
constexpr char kBuilder[] = "builder";  // in a run that a builder's launchers record: whose it is

std::string Variable(const char* name) {
  const char* value = getenv(name);
  return value != nullptr && value[0] == '/' ? CleanPath(value) : std::string();
}

absl::StatusOr<std::string> StateRoot() {
  const char* named = getenv("GLOVEBOX_STATE_DIR");
  if (named != nullptr && named[0] != '\0') {
    if (named[0] == '/') return CleanPath(named);
    return absl::InvalidArgumentError(
        absl::StrCat("GLOVEBOX_STATE_DIR=", named, " is no absolute path: say where from /"));
  }
  if (std::string dir = Variable("XDG_STATE_HOME"); !dir.empty()) return absl::StrCat(dir, "/glovebox");
  std::string home = Variable("HOME");
  if (home.empty()) {
    const passwd* entry = getpwuid(geteuid());
    if (entry != nullptr && entry->pw_dir != nullptr) home = entry->pw_dir;
  }
  if (home.empty()) {
    return absl::NotFoundError(
        "no place for the access log: set GLOVEBOX_STATE_DIR, XDG_STATE_HOME or HOME to an absolute path");
  }
  return absl::StrCat(home, "/.local/state/glovebox");
}

absl::StatusOr<std::string> RealPath(const std::string& path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) return ErrnoStatus("realpath", path, errno);
  return std::string(resolved);
}

// `path` with the links in the part of it that exists followed: it may not be there yet.
std::string RealPrefix(const std::string& path) {
  if (auto real = RealPath(path); real.ok()) return *std::move(real);
  if (path == "/" || path == ".") return path;
  return JoinPath(RealPrefix(std::string(Dirname(path))), Basename(path));
}

struct Entries {
  std::vector<std::string> runs;  // by name: the names begin with the time, so that the oldest comes first
  std::vector<std::string> configures;  // likewise
  std::vector<std::string> removing;    // runs whose removal goes on, or was cut off by a kill
};

Entries EntriesOf(const std::string& state) {
  Entries entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(state.c_str()), closedir);
  if (dir == nullptr) return entries;
  while (const dirent* entry = readdir(dir.get())) {
    const absl::string_view name = entry->d_name;
    if (absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) entries.runs.emplace_back(name);
    if (absl::StartsWith(name, kConfigure)) entries.configures.emplace_back(name);
    if (absl::StartsWith(name, kRemoving)) entries.removing.emplace_back(name);
  }
  std::sort(entries.runs.begin(), entries.runs.end());
  std::sort(entries.configures.begin(), entries.configures.end());
  return entries;
}

// For so long the maker of a run without a segment may still be on the way to its first.
constexpr time_t kStartSeconds = 3600;

bool IsYoung(const std::string& run) {
  struct stat info;
  // One that is gone counts as young: somebody may make it anew before we act on its name.
  return lstat(run.c_str(), &info) != 0 || info.st_mtime + kStartSeconds > time(nullptr);
}

// UTC, not local time: names must sort by age also when the clocks are set back in autumn or somebody
// travels.
std::string RunStamp(const timespec& when) {
  tm utc;
  gmtime_r(&when.tv_sec, &utc);
  char stamp[64];
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H.%M.%S", &utc);
  return absl::StrFormat("%s.%06d", stamp, when.tv_nsec / 1000);
}

// Whose run it is; "" for one that is no builder's.
Builder BuilderOf(const std::string& run) {
  const auto fd = OpenRegular(absl::StrCat(run, "/", kBuilder));
  if (!fd.ok()) return "";
  return ReadAll(fd->get(), run).value_or("");
}

bool HasSegments(const std::string& run) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(run.c_str()), closedir);
  if (dir == nullptr) return false;
  while (const dirent* entry = readdir(dir.get())) {
    if (absl::EndsWith(entry->d_name, kSegmentSuffix)) return true;
  }
  return false;
}

void RemoveTree(const std::string& path) {
  std::error_code ignored;  // what cannot be removed, or was by another build, is no reason to fail this one
  std::filesystem::remove_all(path, ignored);
}

// Removes a run that nobody writes to. First it loses its name: nobody meets one that is half there, and a
// writer that opened the lock meanwhile finds that it is no longer the run's (LockRun).
void RemoveRun(const std::string& state, const std::string& name) {
  const std::string run = absl::StrCat(state, "/", name);
  const std::string lock_path = absl::StrCat(run, "/lock");
  const auto lock = OpenFile(lock_path, O_RDWR | O_NOFOLLOW);
  if (lock.ok()) {
    if (flock(lock->get(), LOCK_EX | LOCK_NB) != 0 || !IsStill(*lock, lock_path)) return;
    if (!HasSegments(run) && IsYoung(run)) return;
    if (BuilderLives(BuilderOf(run))) return;  // between two of its launchers
  } else if (IsYoung(run)) {
    return;
  }
  const std::string gone = absl::StrCat(state, "/", kRemoving, name);
  if (rename(run.c_str(), gone.c_str()) == 0) RemoveTree(gone);
}

absl::StatusOr<int> KeepRuns() {
  const char* wanted = getenv("GLOVEBOX_KEEP_RUNS");
  int keep = kKeepRuns;
  if (wanted == nullptr || wanted[0] == '\0' || (absl::SimpleAtoi(wanted, &keep) && keep >= 1)) return keep;
  return absl::InvalidArgumentError(
      absl::StrCat("GLOVEBOX_KEEP_RUNS=", wanted, " is no number of runs to keep: say 1 or more"));
}

// All but the newest. `made` is the run of this call: kept also where its name is not the newest (a clock
// that was set back).
void RemoveOld(const std::string& state, const std::vector<std::string>& runs, const std::string& made,
               int keep) {
  for (size_t i = 0; i + static_cast<size_t>(keep) < runs.size(); ++i) {
    if (runs[i] != made) RemoveRun(state, runs[i]);
  }
}

void Prune(const std::string& state, const std::string& made, int keep) {
  const Entries entries = EntriesOf(state);
  for (const std::string& half : entries.removing) RemoveTree(absl::StrCat(state, "/", half));
  RemoveOld(state, entries.runs, made, keep);
}

// Makes an ordinary run of the loose one, which is empty then: what launchers recorded stays readable and
// goes with the old runs. A launcher that still writes keeps it where it is. The exchange leaves no moment
// without a directory of that name, so that a launcher on its way always finds one (LockRun).
void RetireLoose(const std::string& state) {
  const std::string loose = absl::StrCat(state, "/", kLoose);
  if (!HasSegments(loose)) return;
  const std::string lock_path = absl::StrCat(loose, "/lock");
  const auto lock = OpenFile(lock_path, O_RDWR | O_NOFOLLOW);
  struct stat info;
  if (!lock.ok() || flock(lock->get(), LOCK_EX | LOCK_NB) != 0 || !IsStill(*lock, lock_path)) return;
  if (stat(loose.c_str(), &info) != 0) return;
  const std::string retired = absl::StrCat(state, "/", RunStamp(info.st_mtim), "-", kLoose, "-", getpid());
  if (mkdir(retired.c_str(), 0700) != 0) return;
  if (renameat2(AT_FDCWD, loose.c_str(), AT_FDCWD, retired.c_str(), RENAME_EXCHANGE) == 0) return;
  // A file system that cannot exchange (NFS): a launcher that comes just now gets an error, and says so.
  if (rename(loose.c_str(), retired.c_str()) == 0) mkdir(loose.c_str(), 0700);
}

// An error of making a place for the log, with what mends it.
absl::Status WithWayOut(const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(),
                                                  ": the access log needs a directory that can be written; "
                                                  "set GLOVEBOX_STATE_DIR to one"));
}

// A new directory named by `before`, the time, "" or "loose-" and our pid; returns the name.
absl::StatusOr<std::string> MakeRun(const std::string& state, absl::string_view kind,
                                    absl::string_view before = "") {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const std::string stamp = RunStamp(now);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const std::string name =
        absl::StrCat(before, stamp, "-", kind, getpid(), attempt == 0 ? "" : absl::StrCat("-", attempt));
    const std::string run = absl::StrCat(state, "/", name);
    if (mkdir(run.c_str(), 0700) == 0) return name;
    if (errno != EEXIST) return WithWayOut(ErrnoStatus("mkdir", run, errno));
  }
  return absl::AlreadyExistsError(absl::StrCat(state, ": no free name for a new run"));
}

// The builder's run where it has one: mostly the newest.
std::string FindRunOf(const std::string& state, const Builder& builder) {
  const std::vector<std::string> runs = EntriesOf(state).runs;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    std::string path = absl::StrCat(state, "/", *run);
    if (IsLooseRun(path) && BuilderOf(path) == builder) return path;
  }
  return "";
}

// The first launcher of a builder makes its run, the others wait and take it.
absl::StatusOr<std::string> RunOf(const std::string& state, const Builder& builder) {
  if (std::string run = FindRunOf(state, builder); !run.empty()) return run;
  ASSIGN_OR_RETURN(const int keep, KeepRuns());
  std::string name;
  {
    const std::string lock_path = absl::StrCat(state, "/", kLoose, ".lock");
    const auto lock = OpenFile(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (!lock.ok()) return WithWayOut(lock.status());
    while (flock(lock->get(), LOCK_EX) != 0) {
      if (errno != EINTR) return ErrnoStatus("flock", lock_path, errno);
    }
    if (std::string run = FindRunOf(state, builder); !run.empty()) return run;
    ASSIGN_OR_RETURN(name, MakeRun(state, absl::StrCat(kLoose, "-")));
    RETURN_IF_ERROR(WithWayOut(WriteFile(absl::StrCat(state, "/", name, "/", kBuilder), builder)));
    RETURN_IF_ERROR(PointLatest(state, name));
    RetireLoose(state);
  }
  Prune(state, name, keep);
  return absl::StrCat(state, "/", name);
}

// Of a build directory without links.
absl::StatusOr<std::string> StateDirOf(const std::string& build) {
  ASSIGN_OR_RETURN(const std::string root, StateRoot());
  // A command that is run in $HOME or "/" is no build: the default place lies below it by nature.
  const std::string home = Variable("HOME");
  const bool around_home = !home.empty() && IsUnder(RealPrefix(home), build);
  if (IsUnder(RealPrefix(root), build) && !around_home) {
    return absl::InvalidArgumentError(absl::StrCat("the state directory ", root,
                                                   " lies inside the build directory ", build,
                                                   ": set GLOVEBOX_STATE_DIR to a place outside of it"));
  }
  KeyedHash hash({0, 0});
  hash.Update(build);
  return absl::StrFormat("%s/%s-%012x", root, std::string(Basename(build)), hash.Digest() >> 16);
}

}  // namespace

absl::StatusOr<std::string> StateDirFor(const std::string& build_dir) {
  if (!FileExists(build_dir)) {
    return absl::NotFoundError(
        absl::StrCat("there is no directory ", build_dir, ": name the one that was built in"));
  }
  ASSIGN_OR_RETURN(const std::string build, RealPath(build_dir));
  return StateDirOf(build);
}

absl::StatusOr<std::string> CreateConfigureRun(const std::string& build_dir) {
  ASSIGN_OR_RETURN(const std::string state, StateDirOf(RealPrefix(CleanPath(build_dir))));
  RETURN_IF_ERROR(WithWayOut(MakeDirectories(state)));
  ASSIGN_OR_RETURN(const std::string name, MakeRun(state, "", kConfigure));
  RemoveOld(state, EntriesOf(state).configures, name, kKeepConfigureRuns);
  return absl::StrCat(state, "/", name);
}

std::vector<std::string> ConfigureRuns(const std::string& build_dir) {
  std::vector<std::string> runs;
  const absl::StatusOr<std::string> state = StateDirFor(build_dir);
  if (!state.ok()) return runs;
  for (const std::string& name : EntriesOf(*state).configures) {
    std::string path = absl::StrCat(*state, "/", name);
    if (HasSegments(path)) runs.push_back(std::move(path));
  }
  return runs;
}

absl::StatusOr<std::string> CreateRun(const std::string& build_dir) {
  ASSIGN_OR_RETURN(const std::string state, StateDirFor(build_dir));
  ASSIGN_OR_RETURN(const int keep, KeepRuns());
  RETURN_IF_ERROR(WithWayOut(MakeDirectories(state)));
  ASSIGN_OR_RETURN(const std::string name, MakeRun(state, ""));
  RETURN_IF_ERROR(PointLatest(state, name));
  RetireLoose(state);
  Prune(state, name, keep);
  return absl::StrCat(state, "/", name);
}

absl::StatusOr<std::string> LooseRun(const std::string& build_dir, const Builder& builder) {
  ASSIGN_OR_RETURN(const std::string state, StateDirFor(build_dir));
  if (!builder.empty()) {
    RETURN_IF_ERROR(WithWayOut(MakeDirectories(state)));
    return RunOf(state, builder);
  }
  const std::string run = absl::StrCat(state, "/", kLoose);
  RETURN_IF_ERROR(WithWayOut(MakeDirectories(run)));
  return run;
}

bool IsLooseRun(const std::string& run_dir) {
  const absl::string_view name = Basename(run_dir);
  return name == kLoose || absl::StrContains(name, absl::StrCat("-", kLoose, "-"));
}

bool IsRun(const std::string& run_dir) {
  const std::string name(Basename(CleanPath(run_dir)));
  constexpr absl::string_view kStamp = "0000-00-00T00.00.00.000000-";  // RunStamp's; each 0 any digit
  bool named = name.size() > kStamp.size();
  for (size_t i = 0; named && i < kStamp.size(); ++i) {
    named =
        kStamp[i] == '0' ? absl::ascii_isdigit(static_cast<unsigned char>(name[i])) : name[i] == kStamp[i];
  }
  struct stat info;
  if (named) return stat(run_dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  // As LockRun makes it; other programs' locks are mostly of another mode, or hold a pid.
  return lstat(absl::StrCat(run_dir, "/lock").c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         info.st_size == 0 && (info.st_mode & 07777) == 0600;
}

absl::StatusOr<std::string> LatestRun(const std::string& build_dir) {
  ASSIGN_OR_RETURN(const std::string state, StateDirFor(build_dir));
  const std::string loose_path = absl::StrCat(state, "/", kLoose);
  const std::string latest_path = absl::StrCat(state, "/latest");
  // A launcher that was still writing there kept CreateRun from emptying the loose run: the newer of the two
  // counts.
  struct stat loose;
  struct stat latest;
  const bool has_loose = HasSegments(loose_path) && stat(loose_path.c_str(), &loose) == 0;
  const bool has_latest = lstat(latest_path.c_str(), &latest) == 0;
  // Not "no run": it cannot be told.
  if (!has_latest && !has_loose && errno != ENOENT) return ErrnoStatus("lstat", latest_path, errno);
  const auto at = [](const struct stat& info) {
    return std::pair(info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  };
  if (has_loose && (!has_latest || at(loose) >= at(latest))) return RealPath(loose_path);
  absl::StatusOr<std::string> named = RealPath(latest_path);
  // Also where it holds nothing: an older one would be taken for it.
  if (named.ok()) return named;
  // It was taken back.
  const std::vector<std::string> runs = EntriesOf(state).runs;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const std::string path = absl::StrCat(state, "/", *run);
    if (IsRun(path)) return RealPath(path);
  }
  return absl::NotFoundError(absl::StrCat("no run recorded for ", build_dir,
                                          " yet: build it with glovebox-ninja, or name a log with --log"));
}

absl::StatusOr<std::vector<std::string>> KeptRuns(const std::string& build_dir) {
  ASSIGN_OR_RETURN(const std::string state, StateDirFor(build_dir));
  std::vector<std::string> runs;
  for (const std::string& name : EntriesOf(state).runs) {
    std::string path = absl::StrCat(state, "/", name);
    if (IsRun(path)) runs.push_back(std::move(path));
  }
  std::string loose = absl::StrCat(state, "/", kLoose);
  if (HasSegments(loose)) runs.push_back(std::move(loose));
  return runs;
}

}  // namespace glovebox::access
