#include "project/held_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace glovebox::project {
namespace {

constexpr char kMoved = 'm', kAbsent = 'a', kTouched = 't';

// Of the journal: "m/path", "a/path", "t/path" and the seconds and nanoseconds that it had; each of these
// words ends with a NUL.
struct Entry {
  char kind;
  std::string path;
  timespec mtime = {};
};

bool IsThere(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0;
}

std::vector<Entry> Parse(absl::string_view text) {
  std::vector<Entry> entries;
  const std::vector<std::string> words = absl::StrSplit(text, '\0');
  // The word behind the last NUL was cut off, and what it would have held was not touched.
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].size() < 2) continue;
    Entry entry{words[i][0], words[i].substr(1)};
    if (entry.kind == kTouched) {
      if (i + 3 >= words.size() || !absl::SimpleAtoi(words[i + 1], &entry.mtime.tv_sec) ||
          !absl::SimpleAtoi(words[i + 2], &entry.mtime.tv_nsec))
        break;
      i += 2;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::Status PutBack(const Entry& entry) {
  const char* const path = entry.path.c_str();
  if (entry.kind == kTouched) {
    const timespec times[] = {{0, UTIME_OMIT}, entry.mtime};
    if (utimensat(AT_FDCWD, path, times, 0) != 0 && errno != ENOENT)
      return ErrnoStatus("put back the time of", entry.path, errno);
    return absl::OkStatus();
  }
  if (entry.kind == kAbsent) {
    if (unlink(path) != 0 && errno != ENOENT) return ErrnoStatus("remove", entry.path, errno);
    return absl::OkStatus();
  }
  const std::string held = HeldFiles::HeldName(entry.path);
  if (!IsThere(held)) return absl::OkStatus();  // back already, or never moved
  if (rename(held.c_str(), path) != 0) return ErrnoStatus("put back", entry.path, errno);
  return absl::OkStatus();
}

absl::Status PutAllBack(const std::string& journal) {
  const auto text = ReadFile(journal);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  RETURN_IF_ERROR(text.status());
  const std::vector<Entry> entries = Parse(*text);
  absl::Status first;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) first.Update(PutBack(*entry));
  if (first.ok() && unlink(journal.c_str()) != 0) return ErrnoStatus("remove", journal, errno);
  return first;
}

}  // namespace

std::string HeldFiles::HeldName(const std::string& path) { return path + ".glovebox-held"; }

absl::StatusOr<HeldFiles> HeldFiles::Begin(const std::string& build_dir) {
  const std::string journal = build_dir + "/.glovebox-held";
  RETURN_IF_ERROR(PutAllBack(journal));
  return HeldFiles(journal);
}

HeldFiles::HeldFiles(HeldFiles&& other) noexcept
    : journal_(std::exchange(other.journal_, "")), any_(std::exchange(other.any_, false)) {}

HeldFiles::~HeldFiles() { Restore().IgnoreError(); }

absl::Status HeldFiles::Note(char kind, const std::string& path, const std::string& more) {
  any_ = true;
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(journal_, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC));
  return WriteAll(fd.get(), absl::StrCat(std::string(1, kind), path, std::string(1, '\0'), more), journal_);
}

absl::Status HeldFiles::Hold(const std::string& path) {
  if (!IsThere(path)) return Note(kAbsent, path, "");
  const std::string held = HeldName(path);
  if (IsThere(held))
    return absl::FailedPreconditionError(absl::StrCat(held, " is in the way: remove it, or rename it back"));
  RETURN_IF_ERROR(Note(kMoved, path, ""));
  if (rename(path.c_str(), held.c_str()) != 0) return ErrnoStatus("move aside", path, errno);
  return absl::OkStatus();
}

absl::Status HeldFiles::Touch(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return ErrnoStatus("look at", path, errno);
  const std::string nul(1, '\0');
  RETURN_IF_ERROR(
      Note(kTouched, path, absl::StrCat(status.st_mtim.tv_sec, nul, status.st_mtim.tv_nsec, nul)));
  const timespec times[] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  if (utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) return ErrnoStatus("set the time of", path, errno);
  return absl::OkStatus();
}

absl::Status HeldFiles::Restore() {
  if (!any_) return absl::OkStatus();
  RETURN_IF_ERROR(PutAllBack(journal_));
  any_ = false;
  return absl::OkStatus();
}

}  // namespace glovebox::project
