#include "trace/lost_privileges.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "child/steps.h"
#include "trace/proc_task.h"

namespace glovebox::trace {
namespace {

constexpr uint64_t kExecCheckOnly = 0x10000;  // AT_EXECVE_CHECK (6.14): nothing is run
constexpr int kCapabilities = 64;

// Of a task that waits in its call; false where it has gone.
bool ReadRights(pid_t tid, TaskRights* out) {
  const auto status = ReadFile(absl::StrCat("/proc/", tid, "/status"));
  if (!status.ok()) return false;
  const auto words = [&status](absl::string_view name) { return StatusWords(*status, name); };
  const auto uids = words("\nUid:"), gids = words("\nGid:"), none = words("\nNoNewPrivs:");
  const auto mask = [&words](absl::string_view name) {
    const auto set = words(name);
    return set.empty() ? 0 : std::strtoull(std::string(set[0]).c_str(), nullptr, 16);
  };
  if (uids.size() != 4 || gids.size() != 4 || none.empty() || !absl::SimpleAtoi(uids[1], &out->uid) ||
      !absl::SimpleAtoi(gids[1], &out->gid)) {
    return false;
  }
  for (const absl::string_view word : words("\nGroups:")) {
    gid_t group = 0;
    if (absl::SimpleAtoi(word, &group)) out->groups.push_back(group);
  }
  out->permitted = mask("\nCapPrm:");
  out->bounding = mask("\nCapBnd:");
  out->no_new_privileges = none[0] == "1";
  return true;
}

std::string CapabilityNames(uint64_t set) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < kCapabilities; ++i) {
    if ((set >> i & 1) != 0) names.push_back(absl::AsciiStrToLower(child::CapabilityName(i)));
  }
  return absl::StrCat(names.size() == 1 ? "the file capability " : "the file capabilities ",
                      absl::StrJoin(names, ", "));
}

// Setuid bits and capabilities of a script count for nothing, those of its interpreter do. One that cannot be
// read, as sudo often cannot, is none: an interpreter has to read it.
bool IsScript(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  char head[2];
  return fd.valid() && pread(fd.get(), head, sizeof head, 0) == sizeof head && head[0] == '#' &&
         head[1] == '!';
}

bool CountsForNothing(const std::string& path) {
  struct statvfs mount;
  return (statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) || IsScript(path);
}

}  // namespace

uint64_t FileCapabilities(absl::string_view attribute) {
  vfs_cap_data data = {};
  std::memcpy(&data, attribute.data(), std::min(attribute.size(), sizeof data));
  const uint32_t version = le32toh(data.magic_etc) & VFS_CAP_REVISION_MASK;
  const bool is_one = version == VFS_CAP_REVISION_1 && attribute.size() == XATTR_CAPS_SZ_1;
  const bool is_two = version == VFS_CAP_REVISION_2 && attribute.size() == XATTR_CAPS_SZ_2;
  if (!is_one && !is_two) return 0;
  return le32toh(data.data[0].permitted) | (is_two ? uint64_t{le32toh(data.data[1].permitted)} << 32 : 0);
}

std::string LossOf(const Resolved& program, uint64_t file_capabilities, const TaskRights& caller) {
  if (!caller.no_new_privileges) return "";
  std::vector<std::string> lost;
  if ((program.mode & S_ISUID) != 0 && program.uid != caller.uid) {
    lost.push_back(program.uid == 0 ? "is setuid root" : absl::StrCat("is setuid to user ", program.uid));
  }
  // Without the group's right to run it the bit once meant mandatory locks.
  const bool setgid = (program.mode & S_ISGID) != 0 && (program.mode & S_IXGRP) != 0;
  const bool member = program.gid == caller.gid || std::find(caller.groups.begin(), caller.groups.end(),
                                                             program.gid) != caller.groups.end();
  if (setgid && !member) {
    lost.push_back(program.gid == 0 ? "is setgid root" : absl::StrCat("is setgid to group ", program.gid));
  }
  // Root has by its exec what its bounding set allows, whatever the file says; beyond it a file gives
  // nothing.
  const uint64_t gained = caller.uid == 0 ? 0 : file_capabilities & caller.bounding & ~caller.permitted;
  if (gained != 0) lost.push_back(absl::StrCat("has ", CapabilityNames(gained)));
  return absl::StrJoin(lost, " and ");
}

std::string LostPrivileges::See(const access::Access& access, const Resolved& program) {
  const bool runs =
      access.result == access::Result::kThere && access.decision == access::Decision::kContinued;
  if (!runs || (access.flags & kExecCheckOnly) != 0) return "";
  char attribute[sizeof(vfs_ns_cap_data)];
  const ssize_t size = getxattr(program.way().c_str(), "security.capability", attribute, sizeof attribute);
  const uint64_t capabilities =
      size > 0 ? FileCapabilities({attribute, static_cast<size_t>(size)}) : uint64_t{0};
  if (capabilities == 0 && (program.mode & (S_ISUID | S_ISGID)) == 0) return "";
  TaskRights caller;
  if (!ReadRights(access.tid, &caller)) return "";
  const std::string loss = LossOf(program, capabilities, caller);
  if (loss.empty() || CountsForNothing(program.way())) return "";
  // A program can be called anything, also what would read like one more line.
  const bool plain = !absl::StrContains(program.path, access::kSkippedMark);
  std::string line =
      absl::StrCat(plain ? program.path : "a program", " ", loss, " and runs without it here (no_new_privs)");
  std::vector<std::string>& said = said_[access.action];
  if (said.size() >= kMaxPrograms || std::find(said.begin(), said.end(), line) != said.end()) return "";
  said.push_back(line);
  return line;
}

std::vector<std::string> LostPrivileges::Take(access::ActionId action) {
  const auto found = said_.find(action);
  if (found == said_.end()) return {};
  std::vector<std::string> lines = std::move(found->second);
  said_.erase(found);
  for (std::string& line : lines) line.insert(0, access::kNoNewPrivileges);
  return lines;
}

}  // namespace glovebox::trace
