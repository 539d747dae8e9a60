#include "trace/resolver_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "trace/resolver_procfs.h"

namespace glovebox::trace {
namespace {

constexpr int kMaxLinks = 40;        // the kernel's MAXSYMLINKS
constexpr ino_t kProcRootInode = 1;  // PROC_ROOT_INO, include/linux/proc_ns.h
constexpr size_t kLongest = PATH_MAX - 1;

int StatLong(const std::string& path, int flags, struct stat* st) {
  if (path.size() <= kLongest) return fstatat(AT_FDCWD, path.c_str(), st, flags) == 0 ? 0 : errno;
  UniqueFd dir;
  size_t from = 0;
  if (const int error = OpenFront(path, &dir, &from)) return error;
  return fstatat(dir.get(), path.c_str() + from, st, flags) == 0 ? 0 : errno;
}

// The name that the directory `dir` has in `parent`; false: not to be found (removed, or not readable).
bool NameIn(const UniqueFd& parent, const UniqueFd& dir, std::string* name) {
  struct stat wanted;
  const int copy = openat(parent.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const stream = copy >= 0 && fstat(dir.get(), &wanted) == 0 ? fdopendir(copy) : nullptr;
  if (stream == nullptr) {
    if (copy >= 0) close(copy);
    return false;
  }
  bool found = false;
  while (const dirent* entry = found ? nullptr : readdir(stream)) {
    *name = entry->d_name;
    struct stat st;
    found = *name != "." && *name != ".." &&
            fstatat(parent.get(), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino;
  }
  closedir(stream);
  return found;
}

// The name of a directory that is too deep for procfs to tell (ENAMETOOLONG): up to where it can, down again
// by the entries of the directories between.
int NameOfDeep(const std::string& link, std::string* text) {
  constexpr int kDeepest = 4096;
  UniqueFd dir(open(link.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::string below;
  for (int level = 0; dir.valid() && level < kDeepest; ++level) {
    const int error = ReadLink(absl::StrCat("/proc/self/fd/", dir.get()), text);
    if (error == 0) {
      *text = absl::StrCat(*text == "/" ? "" : *text, below);
      return 0;
    }
    if (error != ENAMETOOLONG) return error;
    UniqueFd parent(openat(dir.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::string name;
    if (!parent.valid() || !NameIn(parent, dir, &name)) return ESRCH;
    below = absl::StrCat("/", name, below);
    dir = std::move(parent);
  }
  return ESRCH;
}

// The mount that `path` stands on; 0 or errno, ESRCH where this kernel does not tell (before 5.8).
int MountOf(const std::string& path, int flags, uint64_t* mount) {
  UniqueFd dir;
  size_t from = 0;
  if (const int error = OpenFront(path, &dir, &from)) return error;
  struct statx is;
  const int at = dir.valid() ? dir.get() : AT_FDCWD;
  if (statx(at, path.c_str() + from, flags, STATX_MNT_ID, &is) != 0) return errno;
  *mount = is.stx_mnt_id;
  return (is.stx_mask & STATX_MNT_ID) != 0 ? 0 : ESRCH;
}

bool IsProc(const std::string& path) {
  struct statfs fs;
  return statfs(path.c_str(), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

class Walker {
 public:
  explicit Walker(const Caller& caller, uint64_t resolve = 0) : caller_(caller), resolve_(resolve) {
    GoTo("");
  }

  Walked Run(const std::string& start, const std::string& spelled, bool follow) {
    const bool absolute = !spelled.empty() && spelled[0] == '/';
    if (absolute && Has(RESOLVE_BENEATH)) return Fail(EXDEV, spelled);
    if (!start.empty() && !spelled.empty() && (!absolute || Has(RESOLVE_IN_ROOT))) {
      if (const int error = Jump(start)) return Fail(error, spelled);
      struct stat st = {};
      if (const int error = StatLong(access_, 0, &st)) return Fail(error, spelled);
      if (!S_ISDIR(st.st_mode)) return Fail(ENOTDIR, spelled);
    }
    top_text_ = text_;
    top_access_ = access_;
    top_at_link_ = at_link_;
    top_linked_ = linked_;
    top_covered_ = covered_;
    root_known_ = absolute || Scoped();
    if (Has(RESOLVE_NO_XDEV)) {
      if (const int error = MountOf(access_, 0, &mount_)) return Fail(error, spelled);
    }
    rest_ = spelled;
    while (true) {
      const size_t begin = rest_.find_first_not_of('/');
      if (begin == std::string::npos) break;
      const size_t end = rest_.find('/', begin);
      const std::string name = rest_.substr(begin, end - begin);
      rest_ = end == std::string::npos ? "" : rest_.substr(end);
      const int error = Step(name, follow);
      if (error != 0) return Fail(error, rest_);
      if (stopped_) return Done();
    }
    return Done();
  }

  Walked Link(const std::string& link) {
    if (const int error = Jump(link)) return Fail(error, "");
    return Done();
  }

 private:
  bool Has(uint64_t flag) const { return (resolve_ & flag) != 0; }
  // The walk must stay below the directory that it starts from.
  bool Scoped() const { return Has(RESOLVE_BENEATH | RESOLVE_IN_ROOT); }
  void GoToTop() {
    text_ = top_text_;
    access_ = top_access_;
    at_link_ = top_at_link_;
    linked_ = top_linked_;
  }
  // `text` is the directory as the caller's root sees it, "" for the root itself.
  void GoTo(std::string text) {
    access_ = absl::StrCat(caller_.prefix, text);
    if (access_.empty()) access_ = "/";
    text_ = std::move(text);
    at_link_ = false;
    linked_ = false;
    elsewhere_ = !caller_.prefix.empty();
  }
  // The end of what procfs calls the directory where we are.
  const std::string& HereInProc() const { return text_.empty() ? caller_.root : text_; }
  std::string Below(const std::string& name) const {
    return absl::StrCat(access_ == "/" ? "" : access_, "/", name);
  }

  // 0, or the error which ends the walk; then text_ has taken up `name`.
  int Step(const std::string& name, bool follow) {
    struct stat st = {};
    if (name == "." || name == "..") {
      // Search permission is asked for these as well.
      if (const int error = StatLong(Below("."), 0, &st)) return error;
      return name == ".." ? Up() : 0;
    }
    const std::string path = Below(name);
    const bool last = rest_.find_first_not_of('/') == std::string::npos;
    const int error = StatLong(path, AT_SYMLINK_NOFOLLOW, &st);
    if (error != 0) {
      parent_there_ = error == ENOENT && last;
      removed_ = parent_there_ && StatLong(access_, 0, &st) == 0 && IsRemovedDirectory(st, HereInProc());
      return Take(name, error);
    }
    if (const int crosses = StaysOnMount(path, AT_SYMLINK_NOFOLLOW)) return Take(name, crosses);
    if (S_ISLNK(st.st_mode) && (!last || follow || !rest_.empty())) return Follow(name, path, st);
    if (!S_ISDIR(st.st_mode) && !rest_.empty()) {
      parent_there_ = last;
      return Take(name, ENOTDIR);
    }
    text_ += absl::StrCat("/", name);
    access_ = path;
    at_link_ = false;
    stopped_ = !S_ISDIR(st.st_mode);
    return 0;
  }

  int Up() {
    root_known_ = true;
    if (Scoped()) {
      if (text_.size() == top_text_.size()) {
        if (Has(RESOLVE_BENEATH)) return EXDEV;
      } else {
        text_.resize(text_.rfind('/'));
        access_.resize(access_.rfind('/'));
        if (text_.size() > top_text_.size()) return StaysOnMount(access_, 0);
      }
      // The kernel comes out on what is mounted there, which is not where it began.
      if (top_covered_) return Has(RESOLVE_NO_XDEV) ? EXDEV : ESRCH;
      GoToTop();
    } else if (linked_) {
      if (const int error = UpByKernel()) return error;
    } else {
      GoTo(text_.substr(0, text_.rfind('/') == std::string::npos ? 0 : text_.rfind('/')));
    }
    return StaysOnMount(access_, 0);
  }

  // Where the name does not lead here, only the kernel knows what is above.
  int UpByKernel() {
    const UniqueFd here(open(access_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!here.valid()) return errno == ENAMETOOLONG ? ESRCH : errno;
    struct stat is = {};
    struct stat root = {};
    const std::string top = caller_.prefix.empty() ? "/" : caller_.prefix;
    if (fstat(here.get(), &is) != 0 || stat(top.c_str(), &root) != 0) return errno;
    const std::string in_proc = absl::StrCat("/proc/self/fd/", here.get());
    if (is.st_dev == root.st_dev && is.st_ino == root.st_ino && SameMount(in_proc, top)) return 0;
    const UniqueFd above(openat(here.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::string text;
    if (!above.valid()) return errno;
    int error = ReadLink(absl::StrCat("/proc/self/fd/", above.get()), &text);
    if (error == ENAMETOOLONG) error = NameOfDeep(absl::StrCat("/proc/self/fd/", above.get()), &text);
    if (error != 0) return ESRCH;
    Arrive(std::move(text), absl::StrCat(access_, "/.."));
    return 0;
  }

  // 0, or why RESOLVE_NO_XDEV ends the walk before `path`.
  int StaysOnMount(const std::string& path, int flags) const {
    if (!Has(RESOLVE_NO_XDEV)) return 0;
    uint64_t mount = 0;
    if (const int error = MountOf(path, flags, &mount)) return error;
    return mount == mount_ ? 0 : EXDEV;
  }

  int Take(const std::string& name, int error) {
    text_ += absl::StrCat("/", name);
    return error;
  }

  int Follow(const std::string& name, const std::string& path, const struct stat& st) {
    if (++links_ > kMaxLinks || Has(RESOLVE_NO_SYMLINKS)) return Take(name, ELOOP);
    // Links of procfs have no size of their own (0 or 64): only for those it is asked where they stand.
    const bool proc = (st.st_size == 0 || st.st_size == 64) && IsProc(access_);
    std::string target;
    if (proc) {
      through_proc_ = true;
      struct stat dir = {};
      const bool self = name == "self";
      if ((self || name == "thread-self") && StatLong(access_, 0, &dir) == 0 &&
          dir.st_ino == kProcRootInode) {
        TaskNumbers is;
        if (const int error = NumbersIn(access_, dir.st_dev, caller_.tgid, caller_.tid, &is)) {
          return Take(name, error);
        }
        target = self ? is.tgid : absl::StrCat(is.tgid, "/task/", is.tid);
      }
    }
    if (target.empty()) {
      const int error = ReadLink(path, &target);
      if (error == ENAMETOOLONG && proc) return Magic(name, path, ESRCH);
      if (error != 0) return Take(name, error);
    }
    if (proc && (target[0] == '/' || absl::StrContains(target, ":"))) return Magic(name, path, ENOENT);
    if (target[0] == '/') {
      if (Has(RESOLVE_BENEATH)) return Take(name, EXDEV);
      // The kernel compares with a root that it only looks up for an absolute path or a "..": before that
      // nothing is the same (nd_jump_root(), fs/namei.c).
      if (Has(RESOLVE_NO_XDEV) && !root_known_) return Take(name, EXDEV);
      if (const int error = StaysOnMount(RootAccess(), 0)) return Take(name, error);
      if (Scoped()) {
        GoToTop();
      } else {
        GoTo("");
      }
    }
    rest_ = absl::StrCat(target, rest_);
    return 0;
  }

  // /proc/PID/fd/3 and its like lead to an object, whatever its text says.
  // `gone`: what it means that it leads nowhere.
  int Magic(const std::string& name, const std::string& path, int gone) {
    // In the order of nd_jump_link(), fs/namei.c.
    if (Has(RESOLVE_NO_MAGICLINKS)) return Take(name, ELOOP);
    if (const int error = StaysOnMount(path, 0)) return Take(name, error);
    if (Scoped()) return Take(name, EXDEV);
    magic_links_.push_back(absl::StrCat(text_, "/", name));
    if (const int error = Jump(path)) return Take(name, error == ESRCH ? gone : error);
    struct stat st = {};
    if (const int error = StatLong(access_, 0, &st)) return error;
    if (!S_ISDIR(st.st_mode)) {
      if (!rest_.empty()) return ENOTDIR;
      stopped_ = true;
    }
    return 0;
  }

  // To what a magic link shows: by its text where the text leads to the same object, else through the link.
  int Jump(const std::string& link) {
    std::string text;
    int error = ReadLink(link, &text);
    if (error == ENAMETOOLONG) error = NameOfDeep(link, &text);
    if (error != 0) return error == ENOENT || error == EACCES || error == EPERM ? ESRCH : error;
    through_proc_ = true;
    Arrive(std::move(text), link);
    at_link_ = linked_;
    return 0;
  }

  // At what `way` leads to, which the kernel calls `text`.
  void Arrive(std::string text, const std::string& way) {
    if (!caller_.root.empty() && absl::StartsWith(text, caller_.root) &&
        (text.size() == caller_.root.size() || text[caller_.root.size()] == '/')) {
      text = text.substr(caller_.root.size());
    }
    if (text == "/") text.clear();
    covered_ = false;
    if (text.empty() || text[0] == '/') {
      const std::string name = absl::StrCat(caller_.prefix, text.empty() ? "/" : text);
      struct stat there = {};
      struct stat named = {};
      if (StatLong(way, 0, &there) == 0 && StatLong(name, AT_SYMLINK_NOFOLLOW, &named) == 0 &&
          there.st_dev == named.st_dev && there.st_ino == named.st_ino) {
        covered_ = !SameMount(way, name);
        if (!covered_) return GoTo(std::move(text));
      }
    }
    text_ = std::move(text);
    access_ = way;
    at_link_ = false;
    linked_ = true;
    elsewhere_ = true;
  }

  // The same object is another place where it is mounted twice: other things can be mounted below it, or
  // another mount lie over the name meanwhile.
  bool SameMount(const std::string& way, const std::string& name) const {
    uint64_t there = 0;
    uint64_t named = 0;
    const int error = MountOf(way, 0, &there);
    // Where the kernel does not tell, an object's numbers must do; but not for who asked for one mount only.
    if (error == ESRCH && resolve_ == 0) return true;
    return error == 0 && MountOf(name, AT_SYMLINK_NOFOLLOW, &named) == 0 && there == named;
  }

  Walked Fail(int error, const std::string& rest) {
    Walked out;
    out.resolved.path = absl::StrCat(text_, CleanRest(rest));
    if (out.resolved.path.empty()) out.resolved.path = "/";
    out.resolved.error = error;
    out.resolved.parent_there = parent_there_;
    out.resolved.removed = removed_;
    out.through_proc = through_proc_ || IsProc(access_);
    out.resolved.through_proc = out.through_proc;
    if (elsewhere_) out.resolved.reach = access_;
    out.resolved.magic_links = magic_links_;
    return out;
  }

  Walked Done() {
    struct stat st = {};
    // A final symlink is meant itself; a magic link that could not be reached by name is followed.
    const int flags = stopped_ && !at_link_ ? AT_SYMLINK_NOFOLLOW : 0;
    if (const int error = StatLong(access_, flags, &st)) return Fail(error, "");
    Walked out = Fail(0, "");
    FillFromStat(st, &out.resolved);
    out.resolved.removed = IsRemovedDirectory(st, HereInProc());
    return out;
  }

  // What an absolute symlink starts from.
  std::string RootAccess() const {
    if (Scoped()) return top_access_;
    return caller_.prefix.empty() ? "/" : caller_.prefix;
  }

  const Caller& caller_;
  const uint64_t resolve_;  // RESOLVE_*
  uint64_t mount_ = 0;      // with RESOLVE_NO_XDEV: the only mount
  // Where the walk began, in the three words of below.
  std::string top_text_;
  std::string top_access_;
  bool top_at_link_ = false;
  bool top_linked_ = false;
  bool top_covered_ = false;
  bool covered_ = false;     // the last Jump() led to what another mount hides from its name
  bool root_known_ = false;  // with RESOLVE_NO_XDEV: the kernel has looked the root up
  std::string text_;         // where we are, as the caller names it
  std::string access_;       // where we are, as this process reaches it
  std::string rest_;         // what is still to be walked, with the slash in front of it
  int links_ = 0;
  bool stopped_ = false;  // at something that is no directory
  bool parent_there_ = false;
  bool removed_ = false;
  bool through_proc_ = false;
  std::vector<std::string> magic_links_;
  bool at_link_ = false;    // access_ is itself a magic link, to be followed
  bool linked_ = false;     // access_ leads through one: by its name this place is not reached
  bool elsewhere_ = false;  // text_ does not lead this process to where access_ does
};

}  // namespace

int OpenFront(const std::string& path, UniqueFd* dir, size_t* from) {
  dir->reset();
  *from = 0;
  while (path.size() - *from > kLongest) {
    const size_t cut = path.rfind('/', *from + kLongest);
    if (cut == std::string::npos || cut <= *from) return ENAMETOOLONG;
    const std::string part = path.substr(*from, cut - *from);
    const int fd =
        openat(dir->valid() ? dir->get() : AT_FDCWD, part.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    dir->reset(fd);
    *from = cut + 1;
  }
  return 0;
}

int ReadLink(const std::string& path, std::string* text) {
  char buffer[PATH_MAX];
  const ssize_t n = readlink(path.c_str(), buffer, sizeof(buffer));
  if (n < 0) return errno;
  text->assign(buffer, static_cast<size_t>(n));
  return 0;
}

std::string CleanRest(const std::string& rest) {
  std::string out;
  size_t at = 0;
  while ((at = rest.find_first_not_of('/', at)) != std::string::npos) {
    const size_t end = std::min(rest.find('/', at), rest.size());
    if (end - at != 1 || rest[at] != '.') absl::StrAppend(&out, "/", rest.substr(at, end - at));
    at = end;
  }
  return out;
}

void FillFromStat(const struct stat& st, Resolved* out) {
  out->there = true;
  out->error = 0;
  out->parent_there = true;
  out->is_dir = S_ISDIR(st.st_mode);
  out->mode = st.st_mode;
  out->uid = st.st_uid;
  out->links = st.st_nlink;
  out->gid = st.st_gid;
  out->dev = st.st_dev;
  out->ino = st.st_ino;
}

bool IsRemovedDirectory(const struct stat& st, std::string_view text) {
  constexpr std::string_view kRemoved = " (deleted)";  // d_path(), fs/d_path.c
  return S_ISDIR(st.st_mode) && st.st_nlink == 0 && text.size() > kRemoved.size() &&
         text.substr(text.size() - kRemoved.size()) == kRemoved;
}

Walked Walk(const Caller& caller, const std::string& start, const std::string& spelled, bool follow,
            uint64_t resolve) {
  return Walker(caller, resolve).Run(start, spelled, follow);
}

uint64_t KnownResolve() {
  return RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT;
}

Walked WalkLink(const Caller& caller, const std::string& link) { return Walker(caller).Link(link); }

}  // namespace glovebox::trace
