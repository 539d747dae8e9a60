#include "trace/permissions.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "base/unique_fd.h"
#include "trace/proc_task.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

constexpr absl::string_view kInitialNamespace = "user:[4026531837]";  // PROC_USER_INIT_INO, proc_ns.h

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }
constexpr uint64_t kFileCapabilities =
    Bit(CAP_CHOWN) | Bit(CAP_DAC_OVERRIDE) | Bit(CAP_DAC_READ_SEARCH) | Bit(CAP_FOWNER);

// Files of procfs have no size; the usual one comes in one read.
std::string ReadAll(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  ssize_t n = fd.valid() ? read(fd.get(), buffer, sizeof(buffer)) : 0;
  while (n > 0) {
    text.append(buffer, static_cast<size_t>(n));
    if (absl::StrContains(text, "\nCapEff:")) break;
    n = read(fd.get(), buffer, sizeof(buffer));
  }
  return text;
}

uint32_t Number(absl::string_view word) {
  uint32_t value = 0;
  return absl::SimpleAtoi(word, &value) ? value : UINT32_MAX;
}

uint64_t Mask(absl::string_view status, absl::string_view name) {
  const auto words = StatusWords(status, name);
  return words.empty() ? 0 : std::strtoull(std::string(words[0]).c_str(), nullptr, 16);
}

std::vector<IdRange> ReadMap(const std::string& path) {
  std::vector<IdRange> out;
  const std::string text = ReadAll(path);
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() == 3) out.push_back({Number(words[0]), Number(words[1]), Number(words[2])});
  }
  return out;
}

bool Holds(const std::vector<IdRange>& ranges, uint32_t id) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [id](const IdRange& r) { return id >= r.first && id - r.first < r.count; });
}

// An id as we name it; false: it means nobody.
bool Translate(const std::vector<IdRange>& ranges, uint32_t* id) {
  for (const IdRange& r : ranges) {
    if (*id < r.inside || *id - r.inside >= r.count) continue;
    *id = r.first + (*id - r.inside);
    return true;
  }
  return *id == UINT32_MAX;
}

bool Has(const Credentials& who, int capability) { return (who.capabilities & Bit(capability)) != 0; }
// capable_wrt_inode_uidgid(), kernel/capability.c.
bool HasFor(const Credentials& who, const Resolved& is, int capability) {
  return Has(who, capability) && (!who.elsewhere || (Holds(who.uids, is.uid) && Holds(who.gids, is.gid)));
}
bool InGroup(const Credentials& who, gid_t gid) {
  return gid == who.gid || std::count(who.groups.begin(), who.groups.end(), gid) > 0;
}
bool SameForFiles(const Credentials& a, const Credentials& b) {
  return a.uid == b.uid && a.gid == b.gid && a.groups == b.groups && a.elsewhere == b.elsewhere &&
         (a.capabilities & kFileCapabilities) == (b.capabilities & kFileCapabilities);
}

// generic_permission(), fs/namei.c, without ACLs.
int CheckMode(const Resolved& is, const Credentials& who, int how) {
  const mode_t mode = is.mode;
  const unsigned bits = (is.uid == who.uid ? mode >> 6 : InGroup(who, is.gid) ? mode >> 3 : mode) & 7u;
  if ((bits & static_cast<unsigned>(how)) == static_cast<unsigned>(how)) return 0;
  const bool executes = (how & X_OK) != 0;
  if (is.is_dir ? (how & W_OK) == 0 : how == R_OK) {
    if (HasFor(who, is, CAP_DAC_READ_SEARCH)) return 0;
  }
  // Also the override asks for one x bit before it executes a file.
  if (!is.is_dir && executes && (mode & 0111) == 0) return EACCES;
  return HasFor(who, is, CAP_DAC_OVERRIDE) ? 0 : EACCES;
}

bool AllowsAll(mode_t mode, int how) {
  const auto wanted = static_cast<unsigned>(how);
  return (mode & (mode >> 3) & (mode >> 6) & 7u & wanted) == wanted;
}

// A path of any length as one call takes it: a directory, and the rest from there. Where the front cannot be
// opened the call itself says why.
class Reach {
 public:
  explicit Reach(const std::string& path) : path_(path) {
    if (path.size() < PATH_MAX || OpenFront(path, &dir_, &from_) == 0) return;
    dir_.reset();
    from_ = 0;
  }
  int dir() const { return dir_.valid() ? dir_.get() : AT_FDCWD; }
  const char* rest() const { return path_.c_str() + from_; }

 private:
  const std::string& path_;
  UniqueFd dir_;
  size_t from_ = 0;
};

// One look into it, without a trace on it where that is allowed (O_NOATIME: the owner's right).
int LookIntoDirectory(const Resolved& dir) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const Reach at(dir.way());
  UniqueFd fd(openat(at.dir(), at.rest(), kFlags | O_NOATIME));
  if (!fd.valid() && errno == EPERM) fd.reset(openat(at.dir(), at.rest(), kFlags));
  struct statx now;
  if (!fd.valid() || statx(fd.get(), "", AT_EMPTY_PATH, STATX_INO, &now) != 0) return ESRCH;
  // The name is the caller's, who may have another root than we.
  if (now.stx_ino != dir.ino || makedev(now.stx_dev_major, now.stx_dev_minor) != dir.dev) return ESRCH;
  if ((now.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return EBUSY;
  DIR* const stream = fdopendir(fd.get());
  if (stream == nullptr) return ESRCH;
  static_cast<void>(fd.release());  // the stream's now
  errno = 0;
  const dirent* entry = readdir(stream);
  while (entry != nullptr &&
         (absl::string_view(entry->d_name) == "." || absl::string_view(entry->d_name) == ".."))
    entry = readdir(stream);
  const int error = entry != nullptr ? ENOTEMPTY : errno != 0 ? ESRCH : 0;
  closedir(stream);
  return error;
}

int ReadOnly(const Resolved& is) {
  const Reach at(is.way());
  const UniqueFd fd(openat(at.dir(), at.rest(), O_PATH | O_CLOEXEC | (S_ISLNK(is.mode) ? O_NOFOLLOW : 0)));
  struct statvfs fs;
  return fd.valid() && fstatvfs(fd.get(), &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0 ? EROFS : 0;
}

bool Stat(const std::string& path, Resolved* out) {
  const Reach at(path);
  struct stat st;
  if (fstatat(at.dir(), at.rest(), &st, 0) != 0) return false;
  FillFromStat(st, out);
  return true;
}

// Most directories are not, and nobody's credentials have to be read for them.
bool IsSticky(const std::string& path, Resolved* dir) {
  return Stat(path, dir) && (dir->mode & S_ISVTX) != 0;
}

// False: this kernel does not tell (before 5.8), or nothing is there for us.
bool MountOf(const std::string& path, bool is_link, uint64_t* id) {
  const Reach at(path);
  const int flags = AT_STATX_DONT_SYNC | (is_link ? AT_SYMLINK_NOFOLLOW : 0);
  struct statx is;
  if (statx(at.dir(), at.rest(), flags, STATX_MNT_ID, &is) != 0) return false;
  *id = is.stx_mnt_id;  // 0 is one: of what is mounted nowhere
  return (is.stx_mask & STATX_MNT_ID) != 0;
}

ModePermissions OwnByMode() {
  Credentials own;
  ReadCredentials(0, false, &own);
  return ModePermissions(std::move(own));
}

class Own final : public Permissions {
 public:
  int Check(const std::string& path, const Resolved* is, int how) const override {
    // Readable or executable by all: no need to ask. Writing is always asked for (read-only mounts).
    if (is != nullptr && (how & W_OK) == 0 && AllowsAll(is->mode, how)) return 0;
    const Reach at(is == nullptr ? path : is->way());
    return faccessat(at.dir(), at.rest(), how, AT_EACCESS) == 0 ? 0 : errno;
  }
  int CheckEmpty(const Resolved& dir) const override { return LookIntoDirectory(dir); }
  int CheckOwner(const Resolved& is) const override { return OwnByMode().CheckOwner(is); }
  int CheckGive(const Resolved& is, uid_t uid, gid_t gid) const override {
    return OwnByMode().CheckGive(is, uid, gid);
  }
  int CheckCapability(int capability, bool initial) const override {
    return OwnByMode().CheckCapability(capability, initial);
  }
  int CheckSticky(const std::string& dir, const Resolved& is) const override {
    Resolved found;
    return IsSticky(dir, &found) ? OwnByMode().CheckSticky(dir, is) : 0;
  }
};

}  // namespace

int Permissions::CheckMount(const Resolved& is) const { return ReadOnly(is); }

int Permissions::CheckSameMount(const std::string& one, bool is_link, const std::string& directory) const {
  uint64_t id = 0;
  uint64_t other = 0;
  if (one == directory || !MountOf(one, is_link, &id) || !MountOf(directory, /*is_link=*/false, &other))
    return 0;
  return id != other ? EXDEV : 0;
}

bool ReadCredentials(pid_t tid, bool real, Credentials* out) {
  const std::string task = tid == 0 ? "/proc/thread-self" : absl::StrCat("/proc/", tid);
  const std::string status = ReadAll(absl::StrCat(task, "/status"));
  const auto uids = StatusWords(status, "\nUid:");
  const auto gids = StatusWords(status, "\nGid:");
  if (uids.size() != 4 || gids.size() != 4) return false;
  *out = {};
  out->uid = Number(uids[real ? 0 : 3]);
  out->gid = Number(gids[real ? 0 : 3]);
  for (const absl::string_view group : StatusWords(status, "\nGroups:")) out->groups.push_back(Number(group));
  std::sort(out->groups.begin(), out->groups.end());
  out->capabilities = Mask(status, real ? "\nCapPrm:" : "\nCapEff:");
  if (out->capabilities == 0) return true;
  std::string own;
  std::string theirs;
  // Who may not be looked at (it has gained privileges) is taken for one of our own namespace.
  if (ReadLink("/proc/thread-self/ns/user", &own) != 0) return true;
  if (tid == 0 || ReadLink(absl::StrCat(task, "/ns/user"), &theirs) != 0) theirs = own;
  out->initial = theirs == kInitialNamespace;
  out->elsewhere = theirs != own;
  if (out->elsewhere) {
    out->uids = ReadMap(absl::StrCat(task, "/uid_map"));
    out->gids = ReadMap(absl::StrCat(task, "/gid_map"));
  }
  // access(2) asks with the permitted capabilities of root, and with none of anybody else.
  const bool root = out->elsewhere ? !out->uids.empty() && Holds(out->uids, out->uid) : out->uid == 0;
  if (real && !root) out->capabilities = 0;
  return true;
}

const Permissions& OwnPermissions() {
  static const Own kOwn;
  return kOwn;
}

int ModePermissions::Check(const std::string& path, const Resolved* is, int how) const {
  Resolved found;
  if (is == nullptr) {
    if (!Stat(path, &found)) return errno;
    found.path = path;
    is = &found;
  }
  if (const int error = CheckMode(*is, credentials_, how)) return error;
  const bool on_disk = S_ISREG(is->mode) || is->is_dir;
  return (how & W_OK) != 0 && on_disk ? ReadOnly(*is) : 0;
}

int ModePermissions::CheckEmpty(const Resolved& dir) const { return LookIntoDirectory(dir); }

int ModePermissions::CheckOwner(const Resolved& is) const {
  if (is.uid == credentials_.uid) return 0;
  const bool counts = !credentials_.elsewhere || Holds(credentials_.uids, is.uid);
  return Has(credentials_, CAP_FOWNER) && counts ? 0 : EPERM;
}

// chown_ok() and chgrp_ok(), fs/attr.c.
int ModePermissions::CheckGive(const Resolved& is, uid_t uid, gid_t gid) const {
  if (credentials_.elsewhere && !(Translate(credentials_.uids, &uid) && Translate(credentials_.gids, &gid)))
    return EINVAL;
  if (HasFor(credentials_, is, CAP_CHOWN)) return 0;
  const bool owns = is.uid == credentials_.uid;
  if (uid != static_cast<uid_t>(-1) && !(owns && uid == is.uid)) return EPERM;
  if (gid != static_cast<gid_t>(-1) && !(owns && (gid == is.gid || InGroup(credentials_, gid)))) return EPERM;
  return 0;
}

int ModePermissions::CheckCapability(int capability, bool initial) const {
  return Has(credentials_, capability) && (!initial || credentials_.initial) ? 0 : EPERM;
}

// __check_sticky(), fs/namei.c.
int ModePermissions::CheckSticky(const std::string& dir, const Resolved& is) const {
  Resolved found;
  return !IsSticky(dir, &found) || found.uid == credentials_.uid ? 0 : CheckOwner(is);
}

const ModePermissions& CallerPermissions::Who() const {
  if (!who_) {
    Credentials now;
    // Of one that has gone nothing is recorded.
    if (!ReadCredentials(tid_, real_, &now)) now = own_;
    who_.emplace(std::move(now));
  }
  return *who_;
}

bool CallerPermissions::IsOwn() const { return SameForFiles(Who().credentials(), own_); }

int CallerPermissions::Check(const std::string& path, const Resolved* is, int how) const {
  if ((is != nullptr && AllowsAll(is->mode, how)) || IsOwn()) return OwnPermissions().Check(path, is, how);
  return Who().Check(path, is, how);
}

int CallerPermissions::CheckEmpty(const Resolved& dir) const { return LookIntoDirectory(dir); }

int CallerPermissions::CheckSticky(const std::string& dir, const Resolved& is) const {
  Resolved found;
  return IsSticky(dir, &found) ? Who().CheckSticky(dir, is) : 0;
}

void CallerPermissions::JudgeWay(const std::string& spelled, Resolved* what) const {
  if (!what->reach.empty() || what->path.empty() || what->path[0] != '/') return;
  size_t names = 0;
  for (const absl::string_view part : absl::StrSplit(spelled, '/', absl::SkipEmpty())) {
    if (part != "." && part != "..") ++names;
  }
  if (names == 0) return;
  std::vector<std::string> ways;
  std::string at = what->path;
  const size_t most = spelled[0] == '/' ? SIZE_MAX : names;
  while (at != "/" && ways.size() < most) {
    at = std::string(Dirname(at));
    ways.push_back(at);
  }
  for (auto way = ways.rbegin(); way != ways.rend(); ++way) {
    Resolved dir;
    if (!Stat(*way, &dir) || !dir.is_dir) return;
    if (CheckMode(dir, Who().credentials(), X_OK) == 0) continue;
    what->there = what->parent_there = what->is_dir = false;
    what->error = EACCES;
    return;
  }
}

}  // namespace glovebox::trace
