// What the kernel itself says of a path, asked by a child in the place of the sandboxed task, and trees to
// ask about.
#ifndef GLOVEBOX_TRACE_RESOLVER_FIXTURE_H_
#define GLOVEBOX_TRACE_RESOLVER_FIXTURE_H_

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/resolver.h"

namespace glovebox::trace {

// What the kernel itself says to a child in the place of the sandboxed task.
struct Truth {
  int error = 0;
  std::string path;
};

struct Question {
  int dirfd = AT_FDCWD;
  int follow = 1;
  uint64_t resolve = 0;
  char path[PATH_MAX + 16] = {};
};
struct Reply {
  int error = 0;
  char path[PATH_MAX * 2] = {};
};

// A child that answers questions about paths from where it stands: open(O_PATH), then readlink of the result.
class Oracle {
 public:
  using Setup = bool (*)(const std::string& where);
  // `setup` runs in the child first (chdir, chroot, unshare); false: this host does not allow it.
  Oracle(const std::string& where, Setup setup, std::vector<std::string> dirs = {}) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(pair[0]);
      Serve(pair[1], where, setup, dirs);
    }
    close(pair[1]);
    socket_.reset(pair[0]);
    Reply reply;
    ok_ = recv(socket_.get(), &reply, sizeof(reply), 0) > 0 && reply.error == 0;
  }
  ~Oracle() {
    socket_.reset();
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  bool ok() const { return ok_; }
  pid_t pid() const { return pid_; }

  Truth Ask(const PathRef& ref) const {
    Question question;
    question.dirfd = ref.dirfd;
    question.follow = ref.follow ? 1 : 0;
    question.resolve = ref.resolve;
    ref.spelled.copy(question.path, sizeof(question.path) - 1);
    EXPECT_GT(send(socket_.get(), &question, sizeof(question), 0), 0);
    Reply reply;
    EXPECT_GT(recv(socket_.get(), &reply, sizeof(reply), 0), 0);
    return {reply.error, reply.path};
  }

 private:
  [[noreturn]] static void Serve(int socket, const std::string& where, Setup setup,
                                 const std::vector<std::string>& dirs) {
    Reply reply;
    // Descriptors 10, 11, ... of the child: the directories that questions start from.
    for (size_t i = 0; i < dirs.size(); ++i) {
      const int fd = open(dirs[i].c_str(), O_PATH | O_CLOEXEC);
      if (fd < 0 || dup2(fd, 10 + static_cast<int>(i)) < 0) reply.error = errno;
    }
    if (!setup(where)) reply.error = EPERM;
    send(socket, &reply, sizeof(reply), 0);
    Question question;
    while (recv(socket, &question, sizeof(question), 0) > 0) {
      reply = {};
      const int flags = O_PATH | O_CLOEXEC | (question.follow ? 0 : O_NOFOLLOW);
      open_how how = {static_cast<uint64_t>(flags), 0, question.resolve};
      const int fd =
          question.resolve == 0
              ? openat(question.dirfd, question.path, flags)
              : static_cast<int>(syscall(SYS_openat2, question.dirfd, question.path, &how, sizeof(how)));
      if (fd < 0) {
        reply.error = errno;
      } else {
        const std::string link = absl::StrCat("/proc/self/fd/", fd);
        if (readlink(link.c_str(), reply.path, sizeof(reply.path) - 1) < 0) std::strcpy(reply.path, "?");
        close(fd);
      }
      send(socket, &reply, sizeof(reply), 0);
    }
    _exit(0);
  }
  pid_t pid_ = -1;
  UniqueFd socket_;
  bool ok_ = false;
};

inline bool GoThere(const std::string& where) { return chdir(where.c_str()) == 0; }
// Into "a" below a root of its own.
inline bool EnterRoot(const std::string& where) { return chroot(where.c_str()) == 0 && chdir("/a") == 0; }

inline void ExpectSame(const Oracle& oracle, Resolver* resolver, const PathRef& ref, const std::string& note,
                       bool compare_path = true) {
  Truth truth;
  Resolved got;
  // A walk that the kernel has to begin anew, since somebody mounts or renames, counts its links twice.
  for (int i = 0; i < 5; ++i) {
    truth = oracle.Ask(ref);
    got = resolver->Resolve(oracle.pid(), oracle.pid(), ref);
    if (got.error == truth.error || (got.error != ELOOP && truth.error != ELOOP)) break;
  }
  SCOPED_TRACE(absl::StrCat(note, " dirfd ", ref.dirfd, " follow ", ref.follow, " resolve ", ref.resolve,
                            " path '", ref.spelled.substr(0, 200), "'"));
  ASSERT_EQ(got.error, truth.error);
  ASSERT_EQ(got.there, truth.error == 0);
  if (truth.error == 0 && compare_path) {
    ASSERT_EQ(got.path, truth.path);
  }
}

// A random tree: few names, so that spellings meet it; links of every kind.
class Tree {
 public:
  Tree(std::string top, unsigned seed) : top_(std::move(top)), random_(seed) { dirs_ = {""}; }
  size_t Upto(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::string Name() {
    static const char* const kNames[] = {"a", "b", "c", "d", "e", "f.h", "g.h", "l1", "l2", "l3"};
    return kNames[Upto(10)];
  }
  std::string Spelling(size_t longest) {
    std::string out;
    const size_t n = 1 + Upto(longest);
    for (size_t i = 0; i < n; ++i) {
      const size_t kind = Upto(12);
      if (i > 0) out += Upto(12) == 0 ? "//" : "/";
      out += kind < 2 ? ".." : kind == 2 ? "." : Name();
    }
    if (Upto(8) == 0) out += "/";
    if (Upto(20) == 0) out += "/.";
    return out;
  }
  std::string Target() { return Upto(3) == 0 ? absl::StrCat(top_, "/", Spelling(3)) : Spelling(4); }
  void Grow(int steps) {
    for (int i = 0; i < steps; ++i) {
      const std::string path = absl::StrCat(top_, dirs_[Upto(dirs_.size())], "/", Name());
      switch (Upto(5)) {
        case 0:
        case 1:
          if (mkdir(path.c_str(), 0755) == 0) dirs_.push_back(path.substr(top_.size()));
          break;
        case 2:
          UniqueFd(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
          break;
        default:
          (void)!symlink(Target().c_str(), path.c_str());
      }
    }
  }
  void Mutate() {
    const std::string a = absl::StrCat(top_, dirs_[Upto(dirs_.size())], "/", Name());
    const std::string b = absl::StrCat(top_, dirs_[Upto(dirs_.size())], "/", Name());
    switch (Upto(8)) {
      case 0:
        unlink(a.c_str());
        break;
      case 1:
        rmdir(a.c_str());
        break;
      case 2:
        (void)!symlink(Target().c_str(), a.c_str());
        break;
      case 3:
        mkdir(a.c_str(), 0755);
        break;
      case 4:
        rename(a.c_str(), b.c_str());
        break;
      default:  // the same name for another directory: what a stale cache gets wrong
        if (unlink(a.c_str()) == 0) {
          (void)!symlink(absl::StrCat(top_, dirs_[Upto(dirs_.size())]).c_str(), a.c_str());
        }
    }
  }
  PathRef Random(size_t dirfds) {
    PathRef ref;
    ref.follow = Upto(2) == 0;
    ref.spelled = Spelling(6);
    switch (Upto(3)) {
      case 0:
        ref.spelled = absl::StrCat(top_, "/", ref.spelled);
        break;
      case 1:
        if (dirfds > 0) ref.dirfd = 10 + static_cast<int>(Upto(dirfds));
        break;
      default:
        break;
    }
    return ref;
  }
  const std::vector<std::string>& dirs() const { return dirs_; }

 private:
  std::string top_;
  std::mt19937 random_;
  std::vector<std::string> dirs_;
};

class ResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    char real[PATH_MAX];
    ASSERT_NE(realpath(dir_->path().c_str(), real), nullptr);
    top_ = real;
    resolver_ = MakeResolver();
  }
  Resolved Own(const std::string& path, bool follow = true) {
    return resolver_->Resolve(getpid(), getpid(), {AT_FDCWD, path, follow, false});
  }
  std::unique_ptr<TempDir> dir_;
  std::string top_;
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RESOLVER_FIXTURE_H_
