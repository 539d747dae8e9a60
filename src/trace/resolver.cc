#include "trace/resolver.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

constexpr int kMaxLinks = 40;
constexpr size_t kMaxCallers = 4096;

int64_t NowMs() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);  // no system call; a few ms too old at worst
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Which object, and through which mount (0 where the kernel does not tell, before 5.8): a name and a
// descriptor can lead to the same object in two places.
struct Place {
  dev_t dev = 0;
  ino_t ino = 0;
  uint64_t mount = 0;
  bool operator==(const Place& other) const {
    return dev == other.dev && ino == other.ino && mount == other.mount;
  }
};

bool PlaceOf(int fd, const char* path, int flags, Place* out) {
  struct statx is;
  if (statx(fd, path, flags | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &is) != 0) return false;
  *out = {makedev(is.stx_dev_major, is.stx_dev_minor), is.stx_ino,
          (is.stx_mask & STATX_MNT_ID) != 0 ? is.stx_mnt_id : 0};
  return true;
}

// An absolute path without slashes at its end, in two: its directory, "" for the root, and its last name.
std::pair<absl::string_view, absl::string_view> SplitLast(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return {"", ""};  // the root, all of whose slashes have gone
  absl::string_view parent = path.substr(0, slash);
  while (!parent.empty() && parent.back() == '/') parent.remove_suffix(1);
  return {parent, path.substr(slash + 1)};
}

// What a spelled, absolute directory leads to.
struct Dir {
  enum class Kind : uint8_t {
    kDir,      // a directory; `text` is its resolved name, "" for the root
    kMissing,  // no directory that can be entered; `text` as Resolved::path describes it
    kSpecial,  // depends on who asks (procfs): to be walked each time
  };
  Kind kind = Kind::kSpecial;
  int64_t expires_ms = 0;
  std::string text;
  Place place;  // of kDir
};

// A task's root and mount namespace, as last seen.
struct View {
  int64_t expires_ms = 0;
  uint64_t generation = 0;
  bool foreign = false;  // not our own
  bool unknown = false;  // the task may not be looked at
  std::string root;      // see Caller::root
  // The generation in which the task was last seen to have our own view, and, of a process's leader, the one
  // in which the process was first seen; 0: not known.
  uint64_t own_in = 0;
  uint64_t born_in = 0;
};

class CachingResolver final : public Resolver {
 public:
  Resolved Resolve(pid_t tid, pid_t tgid, const PathRef& ref) override;
  void Forget() override;
  void ForgetNames() override;
  void ForgetProcess(pid_t tgid) override;

 private:
  View& Slot(pid_t tid, pid_t tgid);
  const View& ViewOf(pid_t tid, pid_t tgid);
  bool LeaderVouches(pid_t tgid) const;
  bool LeadsTo(absl::string_view text, const char* link);
  static Resolved Behind(const Caller& caller, const PathRef& ref, const char* link, absl::string_view text);
  Resolved Relative(const Caller& caller, const View& view, const PathRef& ref);
  static Resolved Restricted(const Caller& caller, const PathRef& ref);
  Resolved Fast(const Caller& caller, absl::string_view full, bool follow, int depth);
  Resolved FastDirectory(const Caller& caller, const std::string& full, absl::string_view body);
  Resolved ThroughLink(const Caller& caller, const std::string& full, const std::string& dir, bool* exact,
                       int depth);
  const Dir& Lookup(absl::string_view key);
  Dir Ask(const std::string& key);
  bool IsMissing(const std::string& key, Dir* out);

  absl::flat_hash_map<std::string, Dir> dirs_;
  absl::flat_hash_map<pid_t, View> views_;  // of the tasks that lead a process
  // Of the others, by process: a thread can have a root of its own (CLONE_FS), and leave its number behind.
  absl::flat_hash_map<pid_t, absl::flat_hash_map<pid_t, View>> thread_views_;
  size_t threads_ = 0;  // in thread_views_
  size_t bytes_ = 0;
  uint64_t generation_ = 1;  // of views: another one after each call that can change one
  int64_t now_ms_ = 0;
  int64_t settle_until_ms_ = 0;
  int64_t views_settle_until_ms_ = 0;
  Dir root_ = {Dir::Kind::kDir, INT64_MAX, "", {}};
  std::string own_root_;
  std::string own_namespace_;
};

void CachingResolver::Forget() {
  ForgetNames();
  ++generation_;
  views_settle_until_ms_ = settle_until_ms_;
}

void CachingResolver::ForgetNames() {
  dirs_.clear();
  bytes_ = 0;
  settle_until_ms_ = NowMs() + kSettleMs;
}

void CachingResolver::ForgetProcess(pid_t tgid) {
  if (views_.size() >= kMaxCallers) views_.clear();
  views_[tgid] = {};
  views_[tgid].born_in = generation_;
  const auto threads = thread_views_.find(tgid);
  if (threads == thread_views_.end()) return;
  threads_ -= threads->second.size();
  thread_views_.erase(threads);
}

View& CachingResolver::Slot(pid_t tid, pid_t tgid) {
  if (tid == tgid) {
    if (views_.size() >= kMaxCallers) views_.clear();
    return views_[tgid];
  }
  if (threads_ >= kMaxCallers) {
    thread_views_.clear();
    threads_ = 0;
  }
  const auto [at, added] = thread_views_[tgid].try_emplace(tid);
  if (added) ++threads_;
  return at->second;
}

const View& CachingResolver::ViewOf(pid_t tid, pid_t tgid) {
  View& view = Slot(tid, tgid);
  if (view.generation == generation_ && view.expires_ms > now_ms_) return view;
  if (own_namespace_.empty()) {
    ReadLink("/proc/thread-self/ns/mnt", &own_namespace_);
    ReadLink("/proc/thread-self/root", &own_root_);
  }
  const bool settling = now_ms_ < views_settle_until_ms_;
  view.expires_ms = settling ? views_settle_until_ms_ : now_ms_ + kMaxAgeMs;
  view.generation = generation_;
  view.foreign = view.unknown = false;
  view.root.clear();
  std::string mounts;
  std::string root;
  const std::string task = absl::StrCat("/proc/", tid);
  if (ReadLink(absl::StrCat(task, "/ns/mnt"), &mounts) != 0 ||
      ReadLink(absl::StrCat(task, "/root"), &root) != 0) {
    view.unknown = view.own_in != generation_ && (tid == tgid || !LeaderVouches(tgid));
    if (view.unknown) view.expires_ms = 0;
    return view;
  }
  view.foreign = mounts != own_namespace_ || root != own_root_;
  if (root != own_root_ && root != "/") view.root = root;
  // What changes it may still wait, although it was told.
  view.own_in = view.foreign || settling ? 0 : generation_;
  return view;
}

// A thread that may not be looked at: as long as this process lives no call was made that can part the view
// of one thread from another's.
bool CachingResolver::LeaderVouches(pid_t tgid) const {
  const auto leader = views_.find(tgid);
  return leader != views_.end() && leader->second.born_in == generation_ &&
         leader->second.own_in == generation_;
}

Resolved CachingResolver::Resolve(pid_t tid, pid_t tgid, const PathRef& ref) {
  now_ms_ = NowMs();
  Resolved out;
  constexpr uint64_t kScopes = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
  if ((ref.resolve & kScopes) == kScopes) {
    out.path = ref.spelled;
    out.error = EINVAL;
    return out;
  }
  if (ref.spelled.empty() && !ref.empty_path) {
    out.error = ENOENT;
    return out;
  }
  const View& view = ViewOf(tid, tgid);
  Caller caller{tid, tgid, "", ""};
  if (view.foreign) {
    caller.prefix = absl::StrCat("/proc/", tid, "/root");
    caller.root = view.root;
  }
  if (ref.spelled.size() >= PATH_MAX) {
    out.path = ref.spelled;
    out.error = ENAMETOOLONG;
    return out;
  }
  if (view.unknown) {
    out.path = ref.spelled;
    out.error = ESRCH;
    return out;
  }
  if (ref.resolve != 0) return Restricted(caller, ref);
  if (ref.spelled.empty() || ref.spelled[0] != '/') return Relative(caller, view, ref);
  if (view.foreign) return Walk(caller, "", ref.spelled, ref.follow).resolved;
  return Fast(caller, ref.spelled, ref.follow, 0);
}

// The directory that a path starts from, as a magic link of procfs.
class Start {
 public:
  Start(const Caller& caller, const PathRef& ref) : caller_(caller), ref_(ref) {
    if (ref.dirfd == AT_FDCWD) {
      std::snprintf(link_, sizeof(link_), "/proc/%d/cwd", caller.tid);
    } else {
      std::snprintf(link_, sizeof(link_), "/proc/%d/fd/%d", caller.tid, ref.dirfd);
    }
  }
  const char* link() const { return link_; }
  // readlink(2) of it: the length, or -1 and errno.
  ssize_t Read(char* text, size_t size) const {
    if (ref_.dirfd >= 0 || ref_.dirfd == AT_FDCWD) return readlink(link_, text, size);
    errno = ENOENT;
    return -1;
  }
  // What it means that Read() gave `error`; 0: the link is there, but its text is too long.
  int Meaning(int error) const {
    const bool alive = access(absl::StrCat("/proc/", caller_.tid).c_str(), F_OK) == 0;
    if (error == ENAMETOOLONG && alive) return 0;
    return ref_.dirfd != AT_FDCWD && alive && error == ENOENT ? EBADF : ESRCH;
  }

 private:
  const Caller& caller_;
  const PathRef& ref_;
  char link_[48];
};

// openat2 with RESOLVE_*: seldom, so always walked.
Resolved CachingResolver::Restricted(const Caller& caller, const PathRef& ref) {
  const Start start(caller, ref);
  Resolved out;
  if (ref.spelled[0] != '/' || (ref.resolve & RESOLVE_IN_ROOT) != 0) {
    char text[PATH_MAX];
    if (start.Read(text, sizeof(text)) < 0) out.error = start.Meaning(errno);
    if (out.error != 0) {
      out.path = ref.spelled;
      return out;
    }
  }
  out = Walk(caller, start.link(), ref.spelled, ref.follow, ref.resolve).resolved;
  // RESOLVE_CACHED depends on what the kernel has in memory, and a later flag on what we do not know.
  if ((ref.resolve & ~KnownResolve()) != 0) {
    out.there = out.parent_there = false;
    out.error = ESRCH;
  }
  return out;
}

// What a descriptor, or the working directory, stands for. That there is a name is all that an fstat() needs.
Resolved CachingResolver::Behind(const Caller& caller, const PathRef& ref, const char* link,
                                 absl::string_view text) {
  Resolved out;
  out.path.assign(text.data(), text.size());
  out.reach = link;
  out.through_proc = true;
  if (ref.name_only) {
    out.there = out.parent_there = true;
    return out;
  }
  struct stat st;
  if (stat(link, &st) != 0) return WalkLink(caller, link).resolved;
  FillFromStat(st, &out);
  out.removed = IsRemovedDirectory(st, out.path);
  return out;
}

Resolved CachingResolver::Relative(const Caller& caller, const View& view, const PathRef& ref) {
  const Start start(caller, ref);
  const char* const link = start.link();
  char base[PATH_MAX + 1 + PATH_MAX];
  const ssize_t n = start.Read(base, PATH_MAX);
  if (n < 0) {
    Resolved out;
    out.error = start.Meaning(errno);
    if (out.error == 0) {
      return ref.spelled.empty() ? WalkLink(caller, link).resolved
                                 : Walk(caller, link, ref.spelled, ref.follow).resolved;
    }
    out.path = ref.spelled;
    return out;
  }
  const absl::string_view text(base, static_cast<size_t>(n));
  if (ref.spelled.empty()) {
    return view.foreign ? WalkLink(caller, link).resolved : Behind(caller, ref, link, text);
  }
  if (view.foreign || text[0] != '/' || absl::EndsWith(text, " (deleted)") ||
      text.size() + 1 + ref.spelled.size() >= PATH_MAX || !LeadsTo(text, link)) {
    return Walk(caller, link, ref.spelled, ref.follow).resolved;
  }
  size_t size = text.size();
  if (size > 1) base[size++] = '/';
  ref.spelled.copy(base + size, ref.spelled.size());
  Resolved out = Fast(caller, absl::string_view(base, size + ref.spelled.size()), ref.follow, 0);
  // Who stands in a directory needs no leave to search those above it.
  return out.error == EACCES ? Walk(caller, link, ref.spelled, ref.follow).resolved : out;
}

// A directory's name in procfs need not lead to it: it can be of a mount that nothing or something else is
// mounted over, or lie below what may not be searched.
bool CachingResolver::LeadsTo(absl::string_view text, const char* link) {
  Place there;
  if (!PlaceOf(AT_FDCWD, link, 0, &there)) return false;
  if (text == "/") {
    if (root_.place.ino == 0) PlaceOf(AT_FDCWD, "/", 0, &root_.place);
    return there == root_.place;
  }
  const Dir& named = Lookup(text);
  return named.kind == Dir::Kind::kDir && there == named.place;
}

// `full` is absolute, in our own root.
Resolved CachingResolver::Fast(const Caller& caller, absl::string_view full, bool follow, int depth) {
  absl::string_view body = full;
  while (!body.empty() && body.back() == '/') body.remove_suffix(1);
  const auto [parent, name] = SplitLast(body);
  const std::string path(full);
  if (body.size() != full.size() || name == "." || name == "..") return FastDirectory(caller, path, body);

  const Dir& dir = Lookup(parent);
  if (dir.kind == Dir::Kind::kSpecial) return Walk(caller, "", path, follow).resolved;
  struct stat st;
  const int error = fstatat(AT_FDCWD, path.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
  const bool entered = dir.kind == Dir::Kind::kDir;
  // The cache is behind the kernel: the directory has come or gone.
  if (entered ? error == ENOTDIR : error == 0) {
    dirs_.erase(parent);
    return Walk(caller, "", path, follow).resolved;
  }
  Resolved out;
  if (error == 0 && S_ISLNK(st.st_mode) && follow) {
    bool exact = false;
    out = ThroughLink(caller, path, dir.text, &exact, depth);
    return exact ? out : Walk(caller, "", path, follow).resolved;
  }
  out.path.reserve(dir.text.size() + 1 + name.size());
  out.path.append(dir.text).append(1, '/').append(name.data(), name.size());
  if (error == 0) {
    FillFromStat(st, &out);
  } else {
    out.error = error;
    out.parent_there = entered && error == ENOENT;
  }
  return out;
}

// "dir/", "dir/." and "dir/..": always followed, always a directory.
Resolved CachingResolver::FastDirectory(const Caller& caller, const std::string& full,
                                        absl::string_view body) {
  const Dir& dir = Lookup(body);
  struct stat st;
  if (dir.kind != Dir::Kind::kDir || stat(full.c_str(), &st) != 0)
    return Walk(caller, "", full, true).resolved;
  Resolved out;
  out.path = dir.text.empty() ? "/" : dir.text;
  FillFromStat(st, &out);
  return out;
}

// A symlink in the last place. The kernel says whether it leads anywhere; the names come from the cache.
Resolved CachingResolver::ThroughLink(const Caller& caller, const std::string& full, const std::string& dir,
                                      bool* exact, int depth) {
  char buffer[PATH_MAX];
  const ssize_t n = readlink(full.c_str(), buffer, sizeof(buffer));
  *exact = false;
  if (n <= 0 || depth >= kMaxLinks) return {};
  // Links in directories on the way count as well, and only the kernel has counted them.
  struct stat st;
  if (depth == 0 && stat(full.c_str(), &st) != 0 && errno == ELOOP) return {};
  const absl::string_view target(buffer, static_cast<size_t>(n));
  const std::string next = target[0] == '/' ? std::string(target) : absl::StrCat(dir, "/", target);
  if (next.size() >= PATH_MAX) return {};
  *exact = true;
  return Fast(caller, next, true, depth + 1);
}

const Dir& CachingResolver::Lookup(absl::string_view key) {
  if (key.empty()) return root_;
  const auto found = dirs_.find(key);
  if (found != dirs_.end() && found->second.expires_ms > now_ms_) return found->second;
  std::string name(key);
  Dir dir = Ask(name);
  dir.expires_ms = now_ms_ < settle_until_ms_ ? settle_until_ms_ : now_ms_ + kMaxAgeMs;
  const size_t size = name.size() + dir.text.size();
  if (dirs_.size() >= kMaxEntries || bytes_ + size > kMaxBytes) {
    dirs_.clear();
    bytes_ = 0;
  }
  const auto [at, added] = dirs_.insert_or_assign(std::move(name), std::move(dir));
  if (added) bytes_ += size;
  return at->second;
}

// One walk by the kernel where it cannot meet a link that means something else to the caller than to us.
Dir CachingResolver::Ask(const std::string& key) {
  open_how how = {O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS};
  const UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, key.c_str(), &how, sizeof(how))));
  Dir dir;
  if (fd.valid()) {
    struct statfs fs;
    std::string text;
    if (fstatfs(fd.get(), &fs) != 0 || fs.f_type == PROC_SUPER_MAGIC ||
        ReadLink(absl::StrCat("/proc/self/fd/", fd.get()), &text) != 0 || text[0] != '/' ||
        !PlaceOf(fd.get(), "", AT_EMPTY_PATH, &dir.place)) {
      return dir;
    }
    dir.kind = Dir::Kind::kDir;
    if (text != "/") dir.text = std::move(text);
    return dir;
  }
  if (errno == ENOENT && IsMissing(key, &dir)) return dir;
  static const pid_t self = getpid();
  const Caller nobody{self, self, "", ""};
  Walked walked = Walk(nobody, "", key, true);
  if (walked.through_proc) return dir;
  dir.kind = walked.resolved.is_dir ? Dir::Kind::kDir : Dir::Kind::kMissing;
  dir.text = walked.resolved.path == "/" ? "" : std::move(walked.resolved.path);
  return dir;
}

// A directory that the kernel did not find, where one look above it tells the rest: a compiler looks for each
// header below every directory of its list, and most of them have no such subdirectory.
bool CachingResolver::IsMissing(const std::string& key, Dir* out) {
  const auto [above, name] = SplitLast(key);
  if (name == "." || name == "..") return false;
  const Dir& parent = Lookup(above);
  if (parent.kind == Dir::Kind::kSpecial) return false;
  struct stat st;
  // There is something: it has come meanwhile, or is a link that leads nowhere.
  if (fstatat(AT_FDCWD, key.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT) return false;
  out->kind = Dir::Kind::kMissing;
  out->text = absl::StrCat(parent.text, "/", name);
  return true;
}

}  // namespace

std::unique_ptr<Resolver> MakeResolver() { return std::make_unique<CachingResolver>(); }

}  // namespace glovebox::trace
