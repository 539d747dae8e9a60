#include "trace/intent.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "trace/intent_registers.h"
#include "trace/open_flags.h"

namespace glovebox::trace {
namespace {

using kernel::Arg;

// One walk over the registers of one call. Flags usually come after the paths that they speak of, so the
// paths are finished after the walk.
class Decoder {
 public:
  Decoder(const Registers& call, const kernel::SyscallRow& row, const kernel::MemoryReader& memory)
      : call_(call), row_(row), memory_(memory) {}

  void Run(Intent* intent) {
    intent_ = intent;
    intent->op = row_.op;
    intent->refuse = row_.refuse;
    for (int i = 0; i < 6; ++i) {
      if (kernel::IsPointer(row_.args[i]) && (call_.args[i] >> 63) != 0) intent->kernel_pointer = true;
    }
    if (row_.refuse != 0) {
      intent->text = row_.name;
      return;
    }
    for (int i = 0; i < 6; ++i) Walk(i);
    Finish();
  }

 private:
  void Hole(absl::string_view what, int error) {
    if (intent_->hole.empty()) intent_->hole = absl::StrCat(what, " unreadable: ", ErrnoName(error));
  }

  // Longer than a function should be: one short case a kind, and the compiler holds it complete.
  void Walk(int i) {
    const uint64_t value = call_.args[i];
    switch (row_.args[i]) {
      case Arg::kDirfd:
        dirfd_ = static_cast<int32_t>(value);
        has_dirfd_ = true;
        break;
      case Arg::kPath:
      case Arg::kPathNoFollow:
      case Arg::kPathOrFd:
        AddPath(value, row_.args[i]);
        break;
      case Arg::kDirectoryFd:
        AddDescriptor(static_cast<int32_t>(value));
        break;
      case Arg::kText:
        ReadText(value, "text");
        break;
      case Arg::kFd:
        intent_->fd = static_cast<int32_t>(value);
        break;
      case Arg::kMode:
        intent_->mode = value & 0xffffffffu;
        break;
      case Arg::kOpenFlags:
      case Arg::kAtFlags:
      case Arg::kRenameFlags:
      case Arg::kUmountFlags:
      case Arg::kWatchMask:
      case Arg::kMarkFlags:
      case Arg::kMoveMountFlags:
      case Arg::kFspickFlags:
      case Arg::kFlags:
      case Arg::kType:
        intent_->flags = value & 0xffffffffu;  // all of them are ints to the kernel
        break;
      case Arg::kMountFlags:
        intent_->flags = value;
        break;
      case Arg::kProtocol:
        intent_->mode = value & 0xffffffffu;
        break;
      case Arg::kDomain:
        intent_->addresses.push_back(FamilyName(static_cast<uint32_t>(value)));
        break;
      case Arg::kOpenHow:
        ReadOpenHow(value, call_.args[i + 1]);
        break;
      case Arg::kSockaddr:
        ReadAddress(value, static_cast<int32_t>(call_.args[i + 1]));
        break;
      case Arg::kMsghdr:
        ReadMessages(value, 1, call_.compat ? 28 : 56);
        break;
      case Arg::kMmsghdr:
        ReadMessages(value, static_cast<uint32_t>(call_.args[i + 1]), call_.compat ? 32 : 64);
        break;
      case Arg::kFsconfigCommand:
        ReadFsconfig(static_cast<uint32_t>(value));
        break;
      case Arg::kBpfCommand:
        ReadBpf(static_cast<uint32_t>(value));
        break;
      case Arg::kNone:
      case Arg::kPointer:
      case Arg::kOpenHowSize:
      case Arg::kSocklen:
      case Arg::kCount:
      case Arg::kFsconfigKey:
      case Arg::kFsconfigValue:
      case Arg::kFsconfigAux:
      case Arg::kBpfAttr:
      case Arg::kSocketcall:
      case Arg::kSocketcallArgs:
        break;
    }
  }

  // Reads a string; a null pointer and a string without an end are the kernel's to refuse.
  void ReadString(uint64_t address, const char* what, std::string* out) {
    int error = 0;
    if (address != 0 && !memory_.ReadString(call_.tid, address, PATH_MAX, out, &error) &&
        error != ENAMETOOLONG) {
      Hole(what, error);
    }
  }

  void ReadText(uint64_t address, const char* what) {
    null_text_ = address == 0;
    ReadString(address, what, &intent_->text);
  }

  void AddDescriptor(int fd) {
    PathRef path;
    path.dirfd = fd;
    path.empty_path = true;
    intent_->paths.push_back(std::move(path));
  }

  void AddPath(uint64_t address, Arg kind) {
    const bool had_dirfd = has_dirfd_;
    PathRef path;
    path.dirfd = dirfd_;
    path.follow = kind != Arg::kPathNoFollow;
    dirfd_ = AT_FDCWD;
    has_dirfd_ = false;
    if (address == 0 && kind == Arg::kPathOrFd) {
      if (!had_dirfd) return;  // acct(NULL), quotactl(Q_SYNC): no path at all
      path.empty_path = true;
    }
    if (address == 0 && null_path_ < 0) null_path_ = static_cast<int>(intent_->paths.size());
    ReadString(address, "path", &path.spelled);
    // readlinkat reads the symlink that an O_PATH descriptor stands for with an empty path and no flag
    // (2.6.39).
    if (row_.op == Op::kReadlink && had_dirfd && address != 0 && path.spelled.empty() &&
        intent_->hole.empty()) {
      path.empty_path = true;
    }
    intent_->paths.push_back(std::move(path));
  }

  void ReadOpenHow(uint64_t address, uint64_t size) {
    constexpr uint64_t kPage = 4096;
    if (size < sizeof(open_how) || size > kPage) {
      intent_->invalid = size > kPage ? E2BIG : EINVAL;
      return;
    }
    open_how how = {};
    const ssize_t n = memory_.Read(call_.tid, address, &how, sizeof(how));
    if (n != static_cast<ssize_t>(sizeof(how))) {
      Hole("open_how", n < 0 ? static_cast<int>(-n) : EFAULT);
      return;
    }
    intent_->flags = how.flags;
    intent_->mode = how.mode;
    intent_->resolve = how.resolve;
    // Of a later kernel's fields this one takes zeros alone.
    char more[kPage - sizeof(how)];
    const size_t rest = size - sizeof(how);
    if (rest > 0 && memory_.Read(call_.tid, address + sizeof(how), more, rest) != static_cast<ssize_t>(rest))
      intent_->invalid = EFAULT;
    else if (std::any_of(more, more + rest, [](char byte) { return byte != 0; }))
      intent_->invalid = E2BIG;
    else
      intent_->invalid = CheckOpenHow(how, call_.arch);
  }

  void ReadAddress(uint64_t address, int64_t size) {
    if (address == 0 && row_.op == Op::kSend) return;  // a send on a connected socket
    std::string text;
    char bytes[128];
    if (size < 0 || size > static_cast<int64_t>(sizeof(bytes))) {
      text = absl::StrCat("invalid:(", size, " bytes)");  // EINVAL before anything is read
    } else {
      const ssize_t n = size > 0 ? memory_.Read(call_.tid, address, bytes, static_cast<size_t>(size)) : 0;
      if (n != size) {
        Hole("address", n < 0 ? static_cast<int>(-n) : EFAULT);
        return;
      }
      text = AddressText(bytes, static_cast<size_t>(n));
      AddUnixPath(bytes, static_cast<size_t>(n), text);
    }
    // Thousands of messages to the same place are one access.
    if (std::find(intent_->addresses.begin(), intent_->addresses.end(), text) == intent_->addresses.end()) {
      intent_->addresses.push_back(std::move(text));
    }
  }

  void AddUnixPath(const void* bytes, size_t size, const std::string& text) {
    PathRef path;
    if (!UnixPath(bytes, size, &path.spelled)) return;
    if (std::find(intent_->addresses.begin(), intent_->addresses.end(), text) != intent_->addresses.end())
      return;
    path.follow = row_.op != Op::kBind;  // bind makes the name, as mknod does
    intent_->paths.push_back(std::move(path));
  }

  // msg_name and msg_namelen begin the struct; `stride` is the size of one element.
  void ReadMessages(uint64_t address, uint32_t count, size_t stride) {
    count = std::min<uint32_t>(count, 1024);  // UIO_MAXIOV: the kernel cuts it as well
    for (uint32_t i = 0; i < count; ++i) {
      unsigned char head[12] = {};
      const size_t size = call_.compat ? 8 : 12;
      const ssize_t n = memory_.Read(call_.tid, address + i * stride, head, size);
      if (n != static_cast<ssize_t>(size)) {
        Hole("message", n < 0 ? static_cast<int>(-n) : EFAULT);
        return;
      }
      uint64_t name = 0;
      int32_t length = 0;
      std::memcpy(&name, head, call_.compat ? 4 : 8);
      std::memcpy(&length, head + (call_.compat ? 4 : 8), 4);
      // The kernel cuts a length that is too long here, and refuses it elsewhere.
      if (name != 0 && length != 0) ReadAddress(name, std::min(length, 128));
    }
  }

  void ReadFsconfig(uint32_t command) {
    intent_->flags = command;
    ReadText(call_.args[2], "key");
    if (command != kernel::kFsconfigSetPath && command != kernel::kFsconfigSetPathEmpty) return;
    dirfd_ = static_cast<int32_t>(call_.args[4]);
    has_dirfd_ = true;
    AddPath(call_.args[3], Arg::kPath);
    PathRef& path = intent_->paths.back();
    path.empty_path = command == kernel::kFsconfigSetPathEmpty && path.spelled.empty();
  }

  // union bpf_attr of BPF_OBJ_PIN and BPF_OBJ_GET: u64 pathname, u32 bpf_fd, u32 file_flags, s32 path_fd
  // (6.5).
  void ReadBpf(uint32_t command) {
    intent_->flags = command;
    if (command != kernel::kBpfObjPin && command != kernel::kBpfObjGet) return;
    struct {
      uint64_t pathname;
      uint32_t bpf_fd;
      uint32_t file_flags;
      int32_t path_fd;
    } attr = {};
    constexpr uint32_t kHasPathFd = 1u << 14;  // BPF_F_PATH_FD
    const size_t size = std::min<uint64_t>(call_.args[2] & 0xffffffffu, 20);
    const ssize_t n = memory_.Read(call_.tid, call_.args[1], &attr, size);
    if (n != static_cast<ssize_t>(size)) {
      Hole("bpf_attr", n < 0 ? static_cast<int>(-n) : EFAULT);
      return;
    }
    if ((attr.file_flags & kHasPathFd) != 0) dirfd_ = attr.path_fd;
    AddPath(attr.pathname, Arg::kPath);
    intent_->creates = intent_->exclusive = command == kernel::kBpfObjPin;
  }

  void Finish() {
    switch (row_.op) {
      case Op::kOpen:
        FinishOpen();
        break;
      case Op::kRename:
        intent_->creates = (intent_->flags & kernel::kRenameExchange) == 0;
        intent_->exclusive = (intent_->flags & kernel::kRenameNoReplace) != 0;
        break;
      case Op::kLink:
      case Op::kSymlink:
      case Op::kMkdir:
      case Op::kMknod:
        intent_->creates = intent_->exclusive = true;
        if (row_.op == Op::kMknod) intent_->device = static_cast<uint32_t>(call_.args[IndexOfPath() + 2]);
        break;
      case Op::kBind:
        intent_->creates = intent_->exclusive = !intent_->paths.empty();
        break;
      case Op::kUnlink:
        if ((intent_->flags & kernel::kAtRemoveDir) != 0) intent_->op = Op::kRmdir;
        break;
      case Op::kMount:
        FinishMount();
        break;
      case Op::kChown:
      case Op::kUtimes:
        FinishChange();
        break;
      default:
        break;
    }
    for (int i = 0; i < 6; ++i) {
      if (!intent_->paths.empty()) ApplyFlags(row_.args[i]);
    }
    if (row_.op == Op::kStat) {
      for (PathRef& path : intent_->paths) path.name_only = path.empty_path;
    }
    if (intent_->invalid == 0 && intent_->hole.empty()) CheckStrings();
  }

  // What getname(), fs/namei.c, says of the pointers: a symlink's text comes before its name.
  void CheckStrings() {
    if (row_.op == Op::kSymlink) {
      const std::string& text = intent_->text;
      intent_->invalid = null_text_                ? EFAULT
                         : text.empty()            ? ENOENT
                         : text.size() >= PATH_MAX ? ENAMETOOLONG
                                                   : 0;
    }
    if (intent_->invalid != 0 || null_path_ < 0 || row_.op == Op::kMount) return;
    for (int i = 0; i < static_cast<int>(intent_->paths.size()); ++i) {
      const PathRef& path = intent_->paths[static_cast<size_t>(i)];
      if (path.empty_path) continue;
      if (i == null_path_) intent_->invalid = EFAULT;
      if (path.spelled.empty() || path.spelled.size() >= PATH_MAX) return;  // the first that is wrong
    }
  }

  void FinishOpen() {
    uint64_t& flags = intent_->flags;
    const bool how = HasArg(Arg::kOpenHow);
    if (!HasArg(Arg::kOpenFlags) && !how) flags = O_CREAT | O_WRONLY | O_TRUNC;  // creat
    // open and openat keep these alone beside O_PATH; openat2 refuses others.
    if ((flags & kPathBit) != 0 && !how) {
      flags &= kPathBit | kCloseOnExecBit | NoFollowBit(call_.arch) | DirectoryBit(call_.arch);
    }
    intent_->creates = (flags & kCreateBit) != 0 && (flags & (kPathBit | kTmpFileBit)) == 0;
    intent_->exclusive = intent_->creates && (flags & kExclusiveBit) != 0;
    if (intent_->invalid == 0 && MeansNoUnnamedFile(flags, call_.arch)) intent_->invalid = EINVAL;
    // O_CREAT|O_EXCL does not follow the last symlink either.
    const bool stays = (flags & NoFollowBit(call_.arch)) != 0 || intent_->exclusive;
    for (PathRef& path : intent_->paths) {
      path.follow = !stays;
      path.resolve = intent_->resolve;
    }
  }

  size_t IndexOfPath() const { return row_.args[0] == Arg::kDirfd ? 1 : 0; }

  // What the registers behind the path say: the ids of chown, the times of utime.
  void FinishChange() {
    const size_t after = IndexOfPath() + 1;
    if (row_.op == Op::kUtimes) {
      if (call_.args[after] != 0) intent_->times = ReadTimes(call_.args[after]);
      return;
    }
    intent_->uid = static_cast<uint32_t>(call_.args[after]);
    intent_->gid = static_cast<uint32_t>(call_.args[after + 1]);
    // i386's chown has ids of 16 bits, chown32 the others.
    if (call_.arch != AUDIT_ARCH_I386 || absl::EndsWith(row_.name, "32") || HasArg(Arg::kDirfd)) return;
    for (uint32_t* id : {&intent_->uid, &intent_->gid}) {
      *id &= 0xffffu;
      if (*id == 0xffffu) *id = UINT32_MAX;
    }
  }

  // UTIME_NOW and UTIME_OMIT stand where utimensat has its nanoseconds.
  Intent::Times ReadTimes(uint64_t address) const {
    if (!absl::StartsWith(row_.name, "utimensat")) return Intent::Times::kGiven;
    const size_t width = call_.arch == AUDIT_ARCH_I386 && !absl::EndsWith(row_.name, "64") ? 4 : 8;
    unsigned char bytes[32];
    const size_t size = 4 * width;
    if (memory_.Read(call_.tid, address, bytes, size) != static_cast<ssize_t>(size))
      return Intent::Times::kGiven;
    uint32_t nanoseconds[2];
    for (size_t i = 0; i < 2; ++i) std::memcpy(&nanoseconds[i], bytes + (2 * i + 1) * width, 4);
    if (nanoseconds[0] != nanoseconds[1]) return Intent::Times::kGiven;
    if (nanoseconds[0] == UTIME_NOW) return Intent::Times::kNow;
    return nanoseconds[0] == UTIME_OMIT ? Intent::Times::kKept : Intent::Times::kGiven;
  }

  // mount's source is a path where it names one: a bind or a move. Else it is a device, a server, or any
  // text.
  void FinishMount() {
    if (!HasArg(Arg::kMountFlags) || intent_->paths.size() != 2) return;
    const bool remount = (intent_->flags & kernel::kMsRemount) != 0;
    if (!remount && (intent_->flags & (kernel::kMsBind | kernel::kMsMove)) != 0) return;
    intent_->text = intent_->paths[0].spelled;
    // A device such as /dev/sdb1 is opened by the kernel: it stays a path of the call.
    if (remount || !absl::StartsWith(intent_->text, "/")) intent_->paths.erase(intent_->paths.begin());
  }

  bool HasArg(Arg arg) const { return std::find(row_.args, row_.args + 6, arg) != row_.args + 6; }

  static void MarkEmpty(PathRef* path) {
    if (path->spelled.empty()) path->empty_path = true;
  }

  void ApplyFlags(Arg kind) {
    const uint64_t flags = intent_->flags;
    PathRef& first = intent_->paths.front();
    PathRef& last = intent_->paths.back();
    switch (kind) {
      case Arg::kAtFlags:
        if ((flags & kernel::kAtSymlinkNoFollow) != 0) first.follow = false;
        if ((flags & kernel::kAtSymlinkFollow) != 0 && (row_.op == Op::kLink || row_.op == Op::kFileHandle)) {
          first.follow = true;
        }
        // unlinkat has no such flag. A null path counts as an empty one (6.11).
        if ((flags & kernel::kAtEmptyPath) != 0 && row_.op != Op::kUnlink && intent_->hole.empty()) {
          MarkEmpty(&first);
        }
        break;
      case Arg::kUmountFlags:
        if ((flags & kernel::kUmountNoFollow) != 0) first.follow = false;
        break;
      case Arg::kWatchMask:
        if ((flags & kernel::kInDontFollow) != 0) first.follow = false;
        break;
      case Arg::kMarkFlags:
        if ((flags & kernel::kFanMarkDontFollow) != 0) first.follow = false;
        break;
      case Arg::kFspickFlags:
        if ((flags & kernel::kFspickSymlinkNoFollow) != 0) first.follow = false;
        if ((flags & kernel::kFspickEmptyPath) != 0) MarkEmpty(&first);
        break;
      case Arg::kMoveMountFlags:
        first.follow = (flags & kernel::kMoveMountFromSymlinks) != 0;
        last.follow = (flags & kernel::kMoveMountToSymlinks) != 0;
        if ((flags & kernel::kMoveMountFromEmptyPath) != 0) MarkEmpty(&first);
        if ((flags & kernel::kMoveMountToEmptyPath) != 0) MarkEmpty(&last);
        break;
      default:
        break;
    }
  }

  const Registers& call_;
  const kernel::SyscallRow& row_;
  const kernel::MemoryReader& memory_;
  Intent* intent_ = nullptr;
  int dirfd_ = AT_FDCWD;
  bool has_dirfd_ = false;
  bool null_text_ = false;
  int null_path_ = -1;  // the first path that is a null pointer
};

}  // namespace

Intent Decode(const seccomp_notif& notification, const kernel::MemoryReader& memory) {
  Intent intent;
  Registers call = ReadRegisters(notification);
  intent.syscall = kernel::SyscallName(call.arch, call.number);
  const kernel::SyscallRow* row = kernel::FindSyscall(call.arch, call.number);
  if (row != nullptr && row->args[0] == Arg::kSocketcall) {
    row = UnpackSocketcall(&call, memory, &intent);
    if (row == nullptr) return intent;
  }
  if (row == nullptr) {
    DecodeUnlisted(call, memory, &intent);
    return intent;
  }
  Decoder(call, *row, memory).Run(&intent);
  return intent;
}

}  // namespace glovebox::trace
