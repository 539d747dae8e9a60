#include "trace/caller_status.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/unique_fd.h"
#include "trace/proc_task.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

std::string ReadProc(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  ssize_t n = 0;
  while (fd.valid() && (n = read(fd.get(), buffer, sizeof(buffer))) > 0) {
    text.append(buffer, static_cast<size_t>(n));
    if (n < static_cast<ssize_t>(sizeof(buffer))) break;
  }
  return text;
}

uint32_t Id(absl::string_view word) {
  uint32_t value = UINT32_MAX;
  return absl::SimpleAtoi(word, &value) ? value : UINT32_MAX;
}

uint64_t InBase(const std::vector<absl::string_view>& words, int base) {
  return words.empty() ? 0 : std::strtoull(std::string(words[0]).c_str(), nullptr, base);
}

}  // namespace

bool ReadCallerStatus(pid_t tid, CallerStatus* out) {
  const std::string task = tid == 0 ? "/proc/thread-self" : absl::StrCat("/proc/", tid);
  const std::string status = ReadProc(task + "/status");
  const auto uids = StatusWords(status, "\nUid:");
  const auto gids = StatusWords(status, "\nGid:");
  const auto umask = StatusWords(status, "\nUmask:");
  if (uids.size() != 4 || gids.size() != 4 || umask.empty()) return false;
  out->umask = static_cast<mode_t>(InBase(umask, 8));
  out->uid = Id(uids[3]);
  out->gid = Id(gids[3]);
  out->groups.clear();
  for (const absl::string_view word : StatusWords(status, "\nGroups:")) out->groups.push_back(Id(word));
  std::sort(out->groups.begin(), out->groups.end());
  out->capabilities = InBase(StatusWords(status, "\nCapEff:"), 16);
  if (tid == 0 || out->capabilities == 0) return true;
  std::string theirs, ours;
  if (ReadLink(task + "/ns/user", &theirs) != 0 || ReadLink("/proc/thread-self/ns/user", &ours) != 0 ||
      theirs != ours) {
    out->capabilities = 0;
  }
  return true;
}

dev_t TerminalOf(pid_t tgid) {
  const std::string stat = ReadProc(absl::StrCat("/proc/", tgid, "/stat"));
  const size_t end = stat.rfind(')');  // the name in front can hold anything
  if (end == std::string::npos) return 0;
  // state ppid pgrp session tty_nr
  const std::vector<absl::string_view> words =
      absl::StrSplit(absl::string_view(stat).substr(end + 1), ' ', absl::SkipEmpty());
  int number = 0;
  if (words.size() < 5 || !absl::SimpleAtoi(words[4], &number)) return 0;
  const auto device = static_cast<uint32_t>(number);  // new_encode_dev(), include/linux/kdev_t.h
  return makedev((device & 0xfff00u) >> 8, (device & 0xffu) | ((device >> 12) & 0xfff00u));
}

}  // namespace glovebox::trace
