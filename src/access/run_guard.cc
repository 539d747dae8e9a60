#include "access/run_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/log_format.h"
#include "access/run_files.h"
#include "access/segment_list.h"
#include "access/segment_reader.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

std::string LinkText(const std::string& path) {
  char text[PATH_MAX];
  const ssize_t size = readlink(path.c_str(), text, sizeof text);
  return std::string(text, static_cast<size_t>(std::max<ssize_t>(size, 0)));
}

std::vector<std::string> SegmentsOf(const std::string& run) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(run, error), end; !error && at != end; at.increment(error)) {
    if (absl::EndsWith(at->path().filename().string(), kSegmentSuffix)) names.push_back(at->path().string());
  }
  return names;
}

// Whether all that `run` holds was begun after that moment; also where it holds nothing yet.
bool BeganAfter(const std::string& run, int64_t unix_ns) {
  for (const std::string& segment : SegmentsOf(run)) {
    const auto reader = SegmentReader::Open(segment);
    if (!reader.ok() || !(*reader)->header().has_value()) continue;
    if ((*reader)->header()->start_unix_ns <= unix_ns) return false;
  }
  return true;
}

// The newest run below `state`, also one that was cut off before its first segment, which no older one may
// stand in for; names begin with the time (CreateRun).
std::string NewestRun(const std::string& state) {
  std::string newest;
  std::error_code error;
  for (std::filesystem::directory_iterator at(state, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name[0] < '0' || name[0] > '9' || name <= newest || !IsRun(at->path().string())) continue;
    newest = std::move(name);
  }
  return newest;
}

// A directory that somebody named may be named by a link, unlike a file of ours (IsStill).
bool Leads(const std::string& path, const UniqueFd& fd) {
  struct stat held;
  struct stat named;
  return fstat(fd.get(), &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

absl::Status PointLatest(const std::string& state, const std::string& name) {
  const std::string link = absl::StrCat(state, "/latest");
  const std::string fresh = absl::StrCat(state, "/", name, "/latest");
  unlink(fresh.c_str());
  if (symlink(name.c_str(), fresh.c_str()) != 0) return ErrnoStatus("symlink", fresh, errno);
  int error = rename(fresh.c_str(), link.c_str()) == 0 ? 0 : errno;
  if (error == EISDIR) {
    // Somebody put a directory there: it goes the way of the old runs.
    const std::string aside = absl::StrCat(state, "/.removing-latest-", getpid());
    if (rename(link.c_str(), aside.c_str()) == 0) {
      error = rename(fresh.c_str(), link.c_str()) == 0 ? 0 : errno;
    }
  }
  if (error == 0) return absl::OkStatus();
  unlink(fresh.c_str());
  return ErrnoStatus("rename", link, error);
}

void DropRun(const std::string& run_dir) {
  const std::string state(Dirname(run_dir));
  const std::string link = absl::StrCat(state, "/latest");
  // First: on a full disk this is what makes room for the link.
  std::error_code ignored;
  std::filesystem::remove_all(run_dir, ignored);
  if (LinkText(link) != Basename(run_dir)) return;
  const std::string newest = NewestRun(state);
  if (newest.empty() || !PointLatest(state, newest).ok()) unlink(link.c_str());
}

RunGuard::RunGuard(std::string run_dir, std::string segment, UniqueFd dir, UniqueFd file,
                   const SegmentHeader& header)
    : run_dir_(std::move(run_dir)),
      segment_(std::move(segment)),
      dir_(std::move(dir)),
      file_(std::move(file)),
      header_(header) {}

absl::StatusOr<RunGuard> RunGuard::Open(const std::string& run_dir, const std::string& segment) {
  ASSIGN_OR_RETURN(UniqueFd dir, OpenFile(run_dir, O_PATH | O_DIRECTORY));
  const std::string path = JoinPath(run_dir, segment);
  ASSIGN_OR_RETURN(UniqueFd file, OpenFile(path, O_PATH | O_NOFOLLOW));
  ASSIGN_OR_RETURN(const auto reader, SegmentReader::Open(path));
  if (!reader->header().has_value()) return absl::DataLossError(absl::StrCat(path, ": no header"));
  return RunGuard(run_dir, segment, std::move(dir), std::move(file), *reader->header());
}

std::string RunGuard::Loss() const {
  if (!Leads(run_dir_, dir_)) {
    const std::string where = LinkText(absl::StrCat("/proc/self/fd/", dir_.get()));
    if (Leads(where, dir_)) return absl::StrCat("was moved to ", where);
    return FileExists(run_dir_) ? "was replaced" : "was removed";
  }
  if (IsStill(file_, JoinPath(run_dir_, segment_))) return "";
  return absl::StrCat("lost its ", segment_, ", which was removed or replaced");
}

absl::StatusOr<std::string> RunGuard::HoldLatest() const {
  const std::string state(Dirname(run_dir_));
  const std::string name(Basename(run_dir_));
  const std::string link = absl::StrCat(state, "/latest");
  const std::string text = LinkText(link);
  if (text == name) return "";
  const std::string other = absl::StrCat(state, "/", text);
  struct stat info;
  const bool is_run = IsFileName(text) && lstat(other.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  if (is_run && BeganAfter(other, header_.start_unix_ns)) return "";
  RETURN_IF_ERROR(PointLatest(state, name));
  return absl::StrCat(link, text.empty() ? " was removed or replaced" : absl::StrCat(" was led to ", text),
                      " while the run went on: it leads to this run again");
}

absl::StatusOr<std::string> RunGuard::LeaveMark(const std::string& build_dir,
                                                const std::vector<Record>& records) const {
  std::string place = run_dir_;
  if (!build_dir.empty()) {
    ASSIGN_OR_RETURN(place, CreateRun(build_dir));
  } else if (!Leads(run_dir_, dir_)) {
    const std::string aside = absl::StrCat(run_dir_, ".replaced-", getpid());
    if (rename(run_dir_.c_str(), aside.c_str()) != 0 && errno != ENOENT)
      return ErrnoStatus("rename", run_dir_, errno);
    RETURN_IF_ERROR(MakeDirectories(run_dir_));
  }
  ASSIGN_OR_RETURN(const auto writer,
                   SegmentWriter::Create(place, absl::StrCat("lost-", header_.start_ns, "-", getpid())));
  for (const Record& record : records) writer->Append(record);
  RETURN_IF_ERROR(writer->Seal());
  // Whatever else is found there is not believed either: a segment that is in the list is missing.
  RETURN_IF_ERROR(AddToSegmentList(place, header_, segment_));
  return place;
}

}  // namespace glovebox::access
