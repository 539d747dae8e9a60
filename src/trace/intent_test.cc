// Decoding with a made-up memory: every family, both widths, hostile input.
#include "trace/intent.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/fake_memory.h"

namespace glovebox::trace {
namespace {

using kernel::FakeMemory;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr uint64_t kCwd = static_cast<uint64_t>(AT_FDCWD);

seccomp_notif Call(const char* name, const std::vector<uint64_t>& args, uint32_t arch = AUDIT_ARCH_X86_64,
                   bool x32 = false) {
  seccomp_notif call = {};
  call.pid = 1;
  call.data.arch = arch;
  call.data.nr = kernel::SyscallNumber(arch, name, x32);
  EXPECT_GE(call.data.nr, 0) << name;
  std::copy(args.begin(), args.end(), call.data.args);
  return call;
}

template <typename T>
std::string Bytes(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string InetBytes(const char* address, uint16_t port) {
  sockaddr_in in = {};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  inet_pton(AF_INET, address, &in.sin_addr);
  return Bytes(in);
}

std::string UnixBytes(const std::string& path) { return Bytes(sa_family_t{AF_UNIX}) + path; }

// A call that is none of ours: its name, and no hole.
Intent NothingBut(const char* syscall) {
  Intent intent;
  intent.syscall = syscall;
  return intent;
}

class IntentTest : public testing::Test {
 protected:
  uint64_t Str(const std::string& text) { return memory_.PutString(text); }
  Intent Of(const char* name, const std::vector<uint64_t>& args, uint32_t arch = AUDIT_ARCH_X86_64,
            bool x32 = false) {
    return Decode(Call(name, args, arch, x32), memory_);
  }
  FakeMemory memory_;
};

TEST_F(IntentTest, OnePathCallsSayWhatTheyDoAndWhetherTheyFollow) {
  const uint64_t a = Str("a/b");
  const uint64_t t = Str("user.x");
  struct Case {
    const char* name;
    std::vector<uint64_t> args;
    Op op;
    int dirfd;
    bool follow;
    bool creates;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"open", {a, O_RDONLY}, Op::kOpen, AT_FDCWD, true, false},
           {"open", {a, O_RDONLY | O_NOFOLLOW}, Op::kOpen, AT_FDCWD, false, false},
           {"openat", {7, a, O_CREAT | O_WRONLY, 0644}, Op::kOpen, 7, true, true},
           {"openat", {7, a, O_CREAT | O_EXCL | O_WRONLY, 0644}, Op::kOpen, 7, false, true},
           {"openat", {7, a, O_TMPFILE | O_RDWR, 0600}, Op::kOpen, 7, true, false},
           {"openat", {7, a, O_PATH | O_CREAT}, Op::kOpen, 7, true, false},
           {"openat", {7, a, O_PATH | O_NOFOLLOW}, Op::kOpen, 7, false, false},
           {"creat", {a, 0644}, Op::kOpen, AT_FDCWD, true, true},
           {"execve", {a, 0, 0}, Op::kExec, AT_FDCWD, true, false},
           {"execveat", {7, a, 0, 0, 0x100}, Op::kExec, 7, false, false},
           {"unlink", {a}, Op::kUnlink, AT_FDCWD, false, false},
           {"unlinkat", {7, a, 0}, Op::kUnlink, 7, false, false},
           {"unlinkat", {7, a, 0x200}, Op::kRmdir, 7, false, false},
           {"rmdir", {a}, Op::kRmdir, AT_FDCWD, false, false},
           {"mkdir", {a, 0755}, Op::kMkdir, AT_FDCWD, false, true},
           {"mkdirat", {7, a, 0755}, Op::kMkdir, 7, false, true},
           {"mknod", {a, S_IFIFO | 0600}, Op::kMknod, AT_FDCWD, false, true},
           {"mknodat", {7, a, S_IFIFO | 0600}, Op::kMknod, 7, false, true},
           {"truncate", {a, 0}, Op::kTruncate, AT_FDCWD, true, false},
           {"chmod", {a, 0600}, Op::kChmod, AT_FDCWD, true, false},
           {"fchmodat", {7, a, 0600}, Op::kChmod, 7, true, false},
           {"fchmodat2", {7, a, 0600, 0x100}, Op::kChmod, 7, false, false},
           {"chown", {a, 1, 1}, Op::kChown, AT_FDCWD, true, false},
           {"lchown", {a, 1, 1}, Op::kChown, AT_FDCWD, false, false},
           {"fchownat", {7, a, 1, 1, 0x100}, Op::kChown, 7, false, false},
           {"utime", {a, 0}, Op::kUtimes, AT_FDCWD, true, false},
           {"utimes", {a, 0}, Op::kUtimes, AT_FDCWD, true, false},
           {"futimesat", {7, a, 0}, Op::kUtimes, 7, true, false},
           {"utimensat", {7, a, 0, 0x100}, Op::kUtimes, 7, false, false},
           {"setxattr", {a, t}, Op::kSetXattr, AT_FDCWD, true, false},
           {"lremovexattr", {a, t}, Op::kSetXattr, AT_FDCWD, false, false},
           {"setxattrat", {7, a, 0x100, t}, Op::kSetXattr, 7, false, false},
           {"removexattrat", {7, a, 0, t}, Op::kSetXattr, 7, true, false},
           {"file_setattr", {7, a, 0, 0, 0x100}, Op::kSetXattr, 7, false, false},
           {"umount2", {a, 8}, Op::kUmount, AT_FDCWD, false, false},
           {"umount2", {a, 0}, Op::kUmount, AT_FDCWD, true, false},
           {"open_tree", {7, a, 0x100}, Op::kMount, 7, false, false},
           {"open_tree_attr", {7, a, 0}, Op::kMount, 7, true, false},
           {"mount_setattr", {7, a, 0}, Op::kMount, 7, true, false},
           {"fspick", {7, a, 2}, Op::kMount, 7, false, false},
           {"chdir", {a}, Op::kChdir, AT_FDCWD, true, false},
           {"chroot", {a}, Op::kChroot, AT_FDCWD, true, false},
           {"swapon", {a, 0}, Op::kAdmin, AT_FDCWD, true, false},
           {"acct", {a}, Op::kAdmin, AT_FDCWD, true, false},
           {"uselib", {a}, Op::kAdmin, AT_FDCWD, true, false},
           {"quotactl", {0, a}, Op::kAdmin, AT_FDCWD, true, false},
           {"inotify_add_watch", {5, a, 0x02000000}, Op::kWatch, AT_FDCWD, false, false},
           {"fanotify_mark", {5, 1, 2, 7, a}, Op::kWatch, 7, true, false},
           {"name_to_handle_at", {7, a, 0, 0, 0}, Op::kFileHandle, 7, false, false},
           {"name_to_handle_at", {7, a, 0, 0, 0x400}, Op::kFileHandle, 7, true, false},
           {"stat", {a, 0}, Op::kStat, AT_FDCWD, true, false},
           {"lstat", {a, 0}, Op::kStat, AT_FDCWD, false, false},
           {"newfstatat", {7, a, 0, 0x100}, Op::kStat, 7, false, false},
           {"statx", {7, a, 0x100}, Op::kStat, 7, false, false},
           {"access", {a, 4}, Op::kAccess, AT_FDCWD, true, false},
           {"faccessat", {7, a, 4}, Op::kAccess, 7, true, false},
           {"faccessat2", {7, a, 4, 0x100}, Op::kAccess, 7, false, false},
           {"readlink", {a, 0, 0}, Op::kReadlink, AT_FDCWD, false, false},
           {"readlinkat", {7, a, 0, 0}, Op::kReadlink, 7, false, false},
           {"getxattr", {a, t}, Op::kGetXattr, AT_FDCWD, true, false},
           {"llistxattr", {a, 0}, Op::kGetXattr, AT_FDCWD, false, false},
           {"listxattrat", {7, a, 0x100}, Op::kGetXattr, 7, false, false},
           {"file_getattr", {7, a}, Op::kGetXattr, 7, true, false},
           {"statfs", {a, 0}, Op::kStatfs, AT_FDCWD, true, false},
       }) {
    const Intent intent = Of(c.name, c.args);
    SCOPED_TRACE(c.name);
    EXPECT_EQ(intent.op, c.op);
    EXPECT_EQ(intent.syscall, c.name);
    EXPECT_EQ(intent.creates, c.creates);
    EXPECT_EQ(intent.hole, "");
    EXPECT_THAT(intent.paths, ElementsAre(PathRef{c.dirfd, "a/b", c.follow, false}));
  }
}

TEST_F(IntentTest, OpenFlagsAreThoseOfTheKernel) {
  const uint64_t a = Str("a");
  EXPECT_EQ(Of("creat", {a, 0640}).flags, uint64_t{O_CREAT | O_WRONLY | O_TRUNC});
  EXPECT_EQ(Of("creat", {a, 0640}).mode, 0640u);
  EXPECT_EQ(Of("open", {a, O_PATH | O_WRONLY | O_TRUNC | O_CLOEXEC}).flags, uint64_t{O_PATH | O_CLOEXEC});
  EXPECT_EQ(Of("open", {a, 0xffffffff00000000 | O_RDWR}).flags, uint64_t{O_RDWR}) << "an int to the kernel";
  EXPECT_TRUE(Of("open", {a, O_CREAT | O_EXCL}).exclusive);
  EXPECT_FALSE(Of("open", {a, O_EXCL}).exclusive);
}

TEST_F(IntentTest, Aarch64HasItsOwnNoFollow) {
  const uint64_t a = Str("a");
  EXPECT_FALSE(Of("openat", {kCwd, a, 0100000}, AUDIT_ARCH_AARCH64).paths.at(0).follow);
  EXPECT_TRUE(Of("openat", {kCwd, a, 0400000}, AUDIT_ARCH_AARCH64).paths.at(0).follow) << "O_LARGEFILE there";
}

TEST_F(IntentTest, Openat2ReadsItsStruct) {
  open_how how = {O_RDWR | O_CREAT | O_EXCL, 0600, RESOLVE_BENEATH};
  const uint64_t path = Str("x");
  const uint64_t at = memory_.Put(Bytes(how) + std::string(8, '\0'));
  for (const uint64_t size : {sizeof(how), sizeof(how) + 8}) {
    const Intent intent = Of("openat2", {9, path, at, size});
    EXPECT_EQ(intent.flags, how.flags);
    EXPECT_EQ(intent.mode, 0600u);
    EXPECT_EQ(intent.resolve, uint64_t{RESOLVE_BENEATH});
    EXPECT_TRUE(intent.creates && intent.exclusive);
    EXPECT_THAT(intent.paths, ElementsAre(PathRef{9, "x", false, false, RESOLVE_BENEATH}));
  }
  EXPECT_EQ(Of("openat2", {9, path, at, 8}).hole, "") << "EINVAL: nothing is opened";
  EXPECT_EQ(Of("openat2", {9, path, 0x7fff0000, sizeof(how)}).hole, "open_how unreadable: EFAULT");
}

TEST_F(IntentTest, TwoPathCalls) {
  const uint64_t a = Str("a");
  const uint64_t b = Str("b");
  const PathRef from{3, "a", false, false};
  const PathRef to{4, "b", false, false};
  EXPECT_THAT(Of("rename", {a, b}).paths,
              ElementsAre(PathRef{AT_FDCWD, "a", false, false}, PathRef{AT_FDCWD, "b", false, false}));
  EXPECT_THAT(Of("renameat", {3, a, 4, b}).paths, ElementsAre(from, to));
  EXPECT_TRUE(Of("renameat2", {3, a, 4, b, 0}).creates);
  EXPECT_FALSE(Of("renameat2", {3, a, 4, b, 0}).exclusive);
  EXPECT_TRUE(Of("renameat2", {3, a, 4, b, 1}).exclusive);
  EXPECT_FALSE(Of("renameat2", {3, a, 4, b, 2}).creates) << "an exchange";
  EXPECT_THAT(Of("linkat", {3, a, 4, b, 0}).paths, ElementsAre(from, to));
  EXPECT_THAT(Of("linkat", {3, a, 4, b, 0x400}).paths, ElementsAre(PathRef{3, "a", true, false}, to));
  EXPECT_THAT(Of("linkat", {3, Str(""), 4, b, 0x1000}).paths, ElementsAre(PathRef{3, "", false, true}, to));
  const Intent symlink = Of("symlinkat", {a, 4, b});
  EXPECT_EQ(symlink.text, "a");
  EXPECT_THAT(symlink.paths, ElementsAre(to));
  EXPECT_THAT(Of("pivot_root", {a, b}).paths,
              ElementsAre(PathRef{AT_FDCWD, "a", true, false}, PathRef{AT_FDCWD, "b", true, false}));
  EXPECT_THAT(Of("move_mount", {3, a, 4, b, 0x11}).paths,
              ElementsAre(PathRef{3, "a", true, false}, PathRef{4, "b", true, false}));
  EXPECT_THAT(Of("move_mount", {3, Str(""), 4, b, 4}).paths, ElementsAre(PathRef{3, "", false, true}, to));
}

TEST_F(IntentTest, MountsNameTheirSourceAsAPathOnlyWhereItIsOne) {
  const uint64_t target = Str("/mnt");
  const Intent tmpfs = Of("mount", {Str("tmpfs"), target, Str("tmpfs"), 0});
  EXPECT_THAT(tmpfs.paths, ElementsAre(PathRef{AT_FDCWD, "/mnt", true, false}));
  EXPECT_EQ(tmpfs.text, "tmpfs");
  EXPECT_EQ(Of("mount", {Str("rel"), target, 0, 0x1000}).paths.size(), 2u) << "a bind";
  EXPECT_EQ(Of("mount", {Str("/dev/sdb1"), target, Str("ext4"), 0}).paths.size(), 2u);
  EXPECT_EQ(Of("mount", {Str("/dev/sdb1"), target, 0, 0x20}).paths.size(), 1u)
      << "a remount looks at the target";
  EXPECT_EQ(Of("mount", {0, target, Str("proc"), 0}).paths.size(), 1u);
  const Intent set_path = Of("fsconfig", {3, 3, Str("source"), Str("img"), 5});
  EXPECT_THAT(set_path.paths, ElementsAre(PathRef{5, "img", true, false}));
  EXPECT_EQ(set_path.text, "source");
  EXPECT_THAT(Of("fsconfig", {3, 1, Str("source"), Str("img"), 0}).paths, IsEmpty());
  EXPECT_EQ(Of("fsopen", {Str("ext4"), 0}).text, "ext4");
  EXPECT_EQ(Of("unshare", {0x20000}).flags, 0x20000u);
}

TEST_F(IntentTest, DescriptorsAndEmptyPathsMeanTheDescriptorItself) {
  const uint64_t empty = Str("");
  const PathRef self{6, "", true, true};
  const PathRef named{6, "", true, true, 0, true};
  EXPECT_THAT(Of("fchdir", {6}).paths, ElementsAre(self));
  EXPECT_THAT(Of("getdents64", {6, 0}).paths, ElementsAre(self));
  EXPECT_THAT(Of("setns", {6, 0}).paths, ElementsAre(self));
  EXPECT_THAT(Of("open_by_handle_at", {6, 0, O_RDONLY}).paths, ElementsAre(self));
  EXPECT_THAT(Of("newfstatat", {6, empty, 0, 0x1000}).paths, ElementsAre(named));
  EXPECT_THAT(Of("newfstatat", {6, 0, 0, 0x1000}).paths, ElementsAre(named)) << "a null path, 6.11";
  EXPECT_THAT(Of("statx", {6, empty, 0x1000}).paths, ElementsAre(named));
  EXPECT_THAT(Of("execveat", {6, empty, 0, 0, 0x1000}).paths, ElementsAre(self));
  EXPECT_THAT(Of("utimensat", {6, 0, 0, 0}).paths, ElementsAre(self));
  EXPECT_THAT(Of("futimesat", {6, 0, 0}).paths, ElementsAre(self));
  EXPECT_THAT(Of("fanotify_mark", {5, 1, 2, 6, 0}).paths, ElementsAre(self));
  EXPECT_THAT(Of("readlinkat", {6, empty, 0, 0}).paths, ElementsAre(PathRef{6, "", false, true}));
  EXPECT_THAT(Of("acct", {0}).paths, IsEmpty());
  EXPECT_THAT(Of("quotactl", {0, 0}).paths, IsEmpty());
  // Without the flag an empty path is one that the kernel refuses; with a path the flag says nothing.
  EXPECT_THAT(Of("newfstatat", {6, empty, 0, 0}).paths, ElementsAre(PathRef{6, "", true, false}));
  EXPECT_THAT(Of("newfstatat", {6, Str("x"), 0, 0x1000}).paths, ElementsAre(PathRef{6, "x", true, false}));
}

TEST_F(IntentTest, HostilePaths) {
  const std::string odd = "a\nb\xff\x01\"'\\";
  EXPECT_EQ(Of("open", {Str(odd), 0}).paths.at(0).spelled, odd);
  EXPECT_EQ(Of("open", {Str(std::string(4095, 'x')), 0}).paths.at(0).spelled.size(), 4095u);
  const Intent long_one = Of("open", {Str(std::string(9000, 'x')), 0});
  EXPECT_EQ(long_one.paths.at(0).spelled.size(), 4096u) << "ENAMETOOLONG";
  EXPECT_EQ(long_one.hole, "");
  EXPECT_EQ(Of("open", {0, 0}).hole, "") << "EFAULT for certain";
  EXPECT_EQ(Of("open", {0x7fffffff, 0}).hole, "path unreadable: EFAULT");
  EXPECT_FALSE(Of("newfstatat", {6, 0x7fffffff, 0, 0x1000}).paths.at(0).empty_path)
      << "unreadable is not empty";
  const Intent torn = Of("open", {memory_.Put("to/rn"), 0});
  EXPECT_EQ(torn.paths.at(0).spelled, "to/rn");
  EXPECT_EQ(torn.hole, "path unreadable: EFAULT");
  const Intent kernel_half = Of("open", {0xffff888000000000, 0});
  EXPECT_TRUE(kernel_half.kernel_pointer);
  EXPECT_FALSE(Of("openat", {~uint64_t{0}, Str("a"), ~uint64_t{0}}).kernel_pointer) << "no pointers";
  memory_.Fail(ESRCH);
  EXPECT_EQ(Of("open", {1, 0}).hole, "path unreadable: ESRCH");
}

TEST_F(IntentTest, SocketsSayTheirFamilyAndAddress) {
  const std::string inet = InetBytes("127.0.0.1", 80);
  const uint64_t at = memory_.Put(inet);
  const Intent socket = Of("socket", {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 6});
  EXPECT_THAT(socket.addresses, ElementsAre("inet"));
  EXPECT_EQ(socket.flags, uint64_t{SOCK_STREAM | SOCK_CLOEXEC});
  EXPECT_EQ(socket.mode, 6u);
  const Intent connect = Of("connect", {5, at, inet.size()});
  EXPECT_EQ(connect.op, Op::kConnect);
  EXPECT_EQ(connect.fd, 5);
  EXPECT_THAT(connect.addresses, ElementsAre("inet:127.0.0.1:80"));
  EXPECT_THAT(connect.paths, IsEmpty());
  EXPECT_EQ(Of("listen", {5, 10}).fd, 5);
  EXPECT_THAT(Of("sendto", {5, 0, 0, 0, at, inet.size()}).addresses, ElementsAre("inet:127.0.0.1:80"));
  EXPECT_THAT(Of("sendto", {5, 0, 0, 0, 0, 0}).addresses, IsEmpty());
  EXPECT_THAT(Of("connect", {5, at, 4}).addresses, ElementsAre("inet:(4 bytes)"));
  EXPECT_THAT(Of("connect", {5, at, 129}).addresses, ElementsAre("invalid:(129 bytes)"));
  EXPECT_THAT(Of("connect", {5, at, 0xffffffff}).addresses, ElementsAre("invalid:(-1 bytes)"));
  EXPECT_EQ(Of("connect", {5, 0x7fff0000, 16}).hole, "address unreadable: EFAULT");
}

TEST_F(IntentTest, AUnixPathIsAPathToo) {
  const std::string address = UnixBytes("dir/sock") + std::string(1, '\0');
  const uint64_t at = memory_.Put(address);
  const Intent bind = Of("bind", {5, at, address.size()});
  EXPECT_THAT(bind.paths, ElementsAre(PathRef{AT_FDCWD, "dir/sock", false, false}));
  EXPECT_THAT(bind.addresses, ElementsAre("unix:dir/sock"));
  EXPECT_TRUE(bind.creates && bind.exclusive);
  const Intent connect = Of("connect", {5, at, address.size()});
  EXPECT_THAT(connect.paths, ElementsAre(PathRef{AT_FDCWD, "dir/sock", true, false}));
  EXPECT_FALSE(connect.creates);
  const std::string hidden = UnixBytes(std::string("\0a\0b", 4));
  const Intent abstract = Of("bind", {5, memory_.Put(hidden), hidden.size()});
  EXPECT_THAT(abstract.paths, IsEmpty());
  EXPECT_THAT(abstract.addresses, ElementsAre(std::string("unix:@a\0b", 9)));
  EXPECT_FALSE(abstract.creates);
}

TEST_F(IntentTest, MessagesNameTheirAddressesOnce) {
  const std::string one = InetBytes("10.0.0.1", 53);
  const std::string two = InetBytes("10.0.0.2", 53);
  const std::string local = UnixBytes("s") + std::string(1, '\0');
  const uint64_t at_one = memory_.Put(one);
  const uint64_t at_two = memory_.Put(two);
  const uint64_t at_local = memory_.Put(local);
  std::string wide;
  std::string narrow;
  const auto add = [&](uint64_t name, uint32_t length) {
    mmsghdr message = {};
    message.msg_hdr.msg_name = reinterpret_cast<void*>(name);
    message.msg_hdr.msg_namelen = length;
    wide += Bytes(message);
    narrow += Bytes(static_cast<uint32_t>(name)) + Bytes(length) + std::string(24, '\0');
  };
  add(at_one, 16);
  add(0, 0);
  add(at_two, 16);
  add(at_one, 16);
  add(at_local, static_cast<uint32_t>(local.size()));
  const uint64_t at_wide = memory_.Put(wide);
  const uint64_t at_narrow = memory_.Put(narrow);
  const auto expected = ElementsAre("inet:10.0.0.1:53", "inet:10.0.0.2:53", "unix:s");
  const Intent many = Of("sendmmsg", {5, at_wide, 5, 0});
  EXPECT_THAT(many.addresses, expected);
  EXPECT_THAT(many.paths, ElementsAre(PathRef{AT_FDCWD, "s", true, false}));
  EXPECT_THAT(Of("sendmmsg", {5, at_narrow, 5, 0}, AUDIT_ARCH_I386).addresses, expected);
  EXPECT_THAT(Of("sendmmsg", {5, at_narrow, 5, 0}, AUDIT_ARCH_X86_64, true).addresses, expected);
  EXPECT_THAT(Of("sendmsg", {5, at_wide, 0}).addresses, ElementsAre("inet:10.0.0.1:53"));
  EXPECT_EQ(Of("sendmmsg", {5, at_wide, 0xffffffff, 0}).hole, "message unreadable: EFAULT");
  EXPECT_EQ(Of("sendmsg", {5, 0x7fff0000, 0}).hole, "message unreadable: EFAULT");
}

TEST_F(IntentTest, SocketcallIsUnpacked) {
  const std::string address = InetBytes("127.0.0.1", 80);
  const auto at = static_cast<uint32_t>(memory_.Put(address));
  const uint32_t args[] = {5, at, 16};
  const uint64_t packed = memory_.Put(std::string(reinterpret_cast<const char*>(args), sizeof(args)));
  const Intent connect = Of("socketcall", {3, packed}, AUDIT_ARCH_I386);
  EXPECT_EQ(connect.op, Op::kConnect);
  EXPECT_EQ(connect.syscall, "i386:socketcall:connect");
  EXPECT_THAT(connect.addresses, ElementsAre("inet:127.0.0.1:80"));
  EXPECT_EQ(Of("socketcall", {2, packed}, AUDIT_ARCH_I386).op, Op::kBind);
  EXPECT_EQ(Of("socketcall", {5, packed}, AUDIT_ARCH_I386), NothingBut("i386:socketcall")) << "accept";
  EXPECT_EQ(Of("socketcall", {3, 0x7fff0000}, AUDIT_ARCH_I386).hole, "socketcall unreadable: EFAULT");
}

TEST_F(IntentTest, I386RegistersHaveThirtyTwoBits) {
  const uint64_t path = Str("p");
  EXPECT_THAT(Of("open", {path | 0xdead00000000, 0}, AUDIT_ARCH_I386).paths.at(0).spelled, "p");
  const Intent mark = Of("fanotify_mark", {5, 1, 2, 0, 7, path}, AUDIT_ARCH_I386);
  EXPECT_THAT(mark.paths, ElementsAre(PathRef{7, "p", true, false}));
  EXPECT_EQ(Of("openat", {7, path, 0}, AUDIT_ARCH_X86_64, true).syscall, "x32:openat");
  EXPECT_EQ(Of("lchown32", {path, 0, 0}, AUDIT_ARCH_I386).paths.at(0).follow, false);
}

TEST_F(IntentTest, BpfObjectsHavePaths) {
  const uint64_t path = Str("/sys/fs/bpf/x");
  const uint64_t attr = memory_.Put(Bytes(path) + std::string(12, '\0'));
  EXPECT_THAT(Of("bpf", {6, attr, 20}).paths, ElementsAre(PathRef{AT_FDCWD, "/sys/fs/bpf/x", true, false}));
  EXPECT_TRUE(Of("bpf", {6, attr, 20}).creates);
  EXPECT_FALSE(Of("bpf", {7, attr, 20}).creates);
  EXPECT_THAT(Of("bpf", {0, attr, 20}).paths, IsEmpty());
}

TEST_F(IntentTest, ForbiddenCallsSayWhatIsForbidden) {
  const Intent ring = Of("io_uring_setup", {8, 0});
  EXPECT_EQ(ring.op, Op::kForbidden);
  EXPECT_EQ(ring.refuse, EPERM);
  EXPECT_EQ(ring.text, "io_uring_setup");
  const Intent ioctl = Of("ioctl", {0, 0xdeadbeef00005412, 0});
  EXPECT_EQ(ioctl.op, Op::kForbidden);
  EXPECT_EQ(ioctl.text, "ioctl 0x5412");
  EXPECT_EQ(ioctl.refuse, EPERM);
  const Intent write = Of("pwritev2", {3, 0, 1, 0, 0, 0xff00000020});
  EXPECT_EQ(write.op, Op::kForbidden);
  EXPECT_EQ(write.refuse, EOPNOTSUPP);
  EXPECT_EQ(write.text, "RWF_NOAPPEND");
  EXPECT_NE(Of("pwritev2", {3, 0, 1, 0, 0, 2}).hole, "");
  EXPECT_EQ(Of("pwritev2", {3, 0, 1, 0, 0x20}, AUDIT_ARCH_X86_64, true).refuse, EOPNOTSUPP);
  EXPECT_EQ(Of("pwritev2", {3, 0, 1, 0, 0, 0x20}, AUDIT_ARCH_X86_64, true).refuse, 0);
  EXPECT_EQ(Of("prctl", {PR_SET_TSC, (uint64_t{1} << 32) | PR_TSC_ENABLE}).text, kTscEnable);
  const Intent pointer = Of("read", {3, 0xffffffff81000000, 8});
  EXPECT_EQ(pointer.op, Op::kForbidden);
  EXPECT_EQ(pointer.refuse, EFAULT);
  EXPECT_TRUE(pointer.kernel_pointer);
}

TEST_F(IntentTest, IoSubmitIsForbiddenOnlyWithTheFlag) {
  const uint64_t plain = memory_.Put(std::string(64, '\0'));
  std::string block(64, '\0');
  block[12] = 0x20;
  const uint64_t bad = memory_.Put(block);
  const uint64_t good_list = memory_.Put(Bytes(plain));
  const uint64_t bad_list = memory_.Put(Bytes(plain) + Bytes(bad));
  EXPECT_EQ(Of("io_submit", {1, 1, good_list}), NothingBut("io_submit"));
  EXPECT_EQ(Of("io_submit", {1, 2, bad_list}).refuse, EOPNOTSUPP);
  EXPECT_EQ(Of("io_submit", {1, 3, good_list}).hole, "iocb unreadable: EFAULT");
}

TEST_F(IntentTest, AnUnlistedCallIsAHole) {
  EXPECT_EQ(Of("getpid", {}).hole, "unlisted call: getpid");
  seccomp_notif call = {};
  for (const auto& [arch, number] : std::initializer_list<std::pair<uint32_t, int>>{
           {AUDIT_ARCH_X86_64, 5000}, {AUDIT_ARCH_X86_64, -1}, {AUDIT_ARCH_ARM, 5}, {0, 0}}) {
    call.data.arch = arch;
    call.data.nr = number;
    const Intent intent = Decode(call, memory_);
    EXPECT_EQ(intent.op, Op::kNone);
    EXPECT_THAT(intent.hole, StartsWith("unlisted call: "));
  }
}

// Every row with registers that point nowhere: nothing may crash, and what names a path keeps one.
TEST_F(IntentTest, EveryRowSurvivesAnyRegisters) {
  const uint64_t text = Str("x");
  for (const uint32_t arch :
       std::initializer_list<uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64}) {
    for (const kernel::SyscallRow& row : kernel::SyscallTable()) {
      if (kernel::SyscallNumber(arch, row.name) < 0) continue;
      for (const uint64_t value : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}, uint64_t{0x7ffffffff000}, text}) {
        const Intent intent = Of(row.name, {value, value, value, value, value, value}, arch);
        if (row.args[0] != kernel::Arg::kSocketcall) {
          EXPECT_NE(intent.op, Op::kNone) << row.name;
        }
        EXPECT_LE(intent.paths.size(), 2u) << row.name;
      }
    }
  }
}

TEST(AddressText, EveryFamilyAndEveryLength) {
  sockaddr_in6 in6 = {};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(80);
  in6.sin6_addr = in6addr_loopback;
  sockaddr_in6 scoped = in6;
  inet_pton(AF_INET6, "fe80::1", &scoped.sin6_addr);
  scoped.sin6_scope_id = 2;
  const std::string netlink =
      Bytes(uint16_t{AF_NETLINK}) + Bytes(uint16_t{0}) + Bytes(uint32_t{7}) + Bytes(0);
  const std::string packet =
      Bytes(uint16_t{AF_PACKET}) + Bytes(uint16_t{8}) + Bytes(uint32_t{3}) + std::string(12, 0);
  const std::string vsock =
      Bytes(uint16_t{AF_VSOCK}) + Bytes(uint16_t{0}) + Bytes(uint32_t{1024}) + Bytes(uint32_t{2}) + Bytes(0);
  struct Case {
    std::string bytes;
    std::string text;
  };
  for (const Case& c : {
           Case{InetBytes("1.2.3.4", 65535), "inet:1.2.3.4:65535"},
           Case{InetBytes("1.2.3.4", 1).substr(0, 15), "inet:(15 bytes)"},
           Case{InetBytes("1.2.3.4", 1) + std::string(112, 'x'), "inet:1.2.3.4:1"},
           Case{Bytes(in6), "inet6:[::1]:80"},
           Case{Bytes(in6).substr(0, 24), "inet6:[::1]:80"},
           Case{Bytes(in6).substr(0, 23), "inet6:(23 bytes)"},
           Case{Bytes(scoped), "inet6:[fe80::1%2]:80"},
           Case{UnixBytes(""), "unix:"},
           Case{UnixBytes("/run/s") + std::string("\0junk", 5), "unix:/run/s"},
           Case{UnixBytes(std::string(108, 'p')), "unix:" + std::string(108, 'p')},
           Case{UnixBytes("@x"), "unix:./@x"},
           Case{UnixBytes(std::string("\0x\0", 3)), std::string("unix:@x\0", 8)},
           Case{UnixBytes(std::string(1, '\0')), "unix:@"},
           Case{netlink, "netlink:7"},
           Case{netlink.substr(0, 8), "netlink:(8 bytes)"},
           Case{packet, "packet:3"},
           Case{vsock, "vsock:2:1024"},
           Case{Bytes(uint16_t{0}), "unspec"},
           Case{Bytes(uint16_t{38}), "family 38"},
           Case{"", "invalid:(0 bytes)"},
           Case{"x", "invalid:(1 bytes)"},
           Case{std::string(129, '\1'), "invalid:(129 bytes)"},
       }) {
    EXPECT_EQ(AddressText(c.bytes.data(), c.bytes.size()), c.text);
  }
}

}  // namespace
}  // namespace glovebox::trace
