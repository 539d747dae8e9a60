#include "trace/resolver_procfs.h"

#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

// A task's numbers in the pid namespaces that it is in, from the one of that procfs to its own.
struct Levels {
  std::vector<std::string> tgid;
  std::vector<std::string> tid;
};

bool ReadLevels(const std::string& task, Levels* out) {
  const auto status = ReadFile(absl::StrCat(task, "/status"));
  if (!status.ok()) return false;
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    if (absl::ConsumePrefix(&line, "NStgid:\t")) out->tgid = absl::StrSplit(line, '\t');
    if (absl::ConsumePrefix(&line, "NSpid:\t")) out->tid = absl::StrSplit(line, '\t');
  }
  return !out->tgid.empty() && out->tgid.size() == out->tid.size();
}

bool IsOurs(dev_t dev) {
  static const dev_t own = [] {
    struct stat st = {};
    return stat("/proc", &st) == 0 ? st.st_dev : dev_t{};
  }();
  return dev == own;
}

}  // namespace

int NumbersIn(const std::string& procfs, dev_t dev, pid_t tgid, pid_t tid, TaskNumbers* numbers) {
  if (IsOurs(dev)) {
    *numbers = {absl::StrCat(tgid), absl::StrCat(tid)};
    return 0;
  }
  const std::string task = absl::StrCat("/proc/", tid);
  Levels levels;
  std::string space;
  if (ReadLink(absl::StrCat(task, "/ns/pid"), &space) != 0 || !ReadLevels(task, &levels)) return ESRCH;
  // Which of its namespaces that procfs belongs to is not told: most often the innermost. A namespace and a
  // number in it are one task, so where both are the same there, it is the one.
  for (size_t level = levels.tgid.size(); level-- > 0;) {
    const std::string there = absl::StrCat(procfs, "/", levels.tgid[level], "/task/", levels.tid[level]);
    Levels found;
    std::string space_there;
    if (ReadLink(absl::StrCat(there, "/ns/pid"), &space_there) == 0 && space_there == space &&
        ReadLevels(there, &found) && found.tid.back() == levels.tid.back()) {
      *numbers = {levels.tgid[level], levels.tid[level]};
      return 0;
    }
  }
  return ESRCH;
}

}  // namespace glovebox::trace
