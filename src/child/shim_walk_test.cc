// The walk against a made-up tree, and against this libc's realpath() on a random one.
#include "child/shim_walk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "child/test_support.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

using Names = std::vector<std::string>;

// Any other name is a directory.
struct FakeTree {
  std::map<std::string, std::string> links;
  std::map<std::string, int> errors;
  Names asked;
  size_t size = 0;

  static long Ask(void* context, const char* path, char* buffer, size_t size) {
    auto& tree = *static_cast<FakeTree*>(context);
    tree.asked.emplace_back(path);
    tree.size = size;
    if (const auto error = tree.errors.find(path); error != tree.errors.end()) return -error->second;
    const auto link = tree.links.find(path);
    if (link == tree.links.end()) return -EINVAL;
    const size_t length = std::min(size, link->second.size());
    memcpy(buffer, link->second.data(), length);
    return static_cast<long>(length);
  }
};

struct Walked {
  glovebox_walk_end end;
  std::string name;
};

Walked Walk(FakeTree& tree, const std::string& name) {
  struct glovebox_walk walk;
  const glovebox_walk_end end = glovebox_walk_resolve(&walk, name.c_str(), FakeTree::Ask, &tree);
  return {end, end == GLOVEBOX_WALK_OTHER ? "" : std::string(walk.name)};
}

TEST(ShimWalk, AsksAboutEachComponentOnce) {
  FakeTree tree;
  const Walked walked = Walk(tree, "//usr///include/x.h");
  EXPECT_EQ(walked.end, GLOVEBOX_WALK_DONE);
  EXPECT_EQ(walked.name, "/usr/include/x.h");
  EXPECT_EQ(tree.asked, (Names{"/usr", "/usr/include", "/usr/include/x.h"}));
  EXPECT_EQ(tree.size, 1023u);  // as glibc asks
}

TEST(ShimWalk, FollowsRelativeAndAbsoluteLinks) {
  FakeTree tree;
  tree.links = {{"/lib", "usr//lib"}, {"/usr/lib/gcc", "/opt/gcc"}, {"/opt/gcc/cc1", "real"}};
  const Walked walked = Walk(tree, "/lib/gcc//cc1");
  EXPECT_EQ(walked.end, GLOVEBOX_WALK_DONE);
  EXPECT_EQ(walked.name, "/opt/gcc/real");
  EXPECT_EQ(tree.asked, (Names{"/lib", "/usr", "/usr/lib", "/usr/lib/gcc", "/opt", "/opt/gcc", "/opt/gcc/cc1",
                               "/opt/gcc/real"}));
}

TEST(ShimWalk, AnAbsentComponentEndsTheWalkWithItsName) {
  FakeTree tree;
  tree.errors = {{"/a/none", ENOENT}};
  const Walked walked = Walk(tree, "/a/none/b");
  EXPECT_EQ(walked.end, GLOVEBOX_WALK_ABSENT);
  EXPECT_EQ(walked.name, "/a/none");
  EXPECT_EQ(tree.asked, (Names{"/a", "/a/none"}));
}

TEST(ShimWalk, NamesThatNeedMoreThanReadlinkAreNotAskedAbout) {
  for (const char* name : {"", "a", "a/b", "/", "//", ".", "..", "/.", "/..", "/a/.", "/a/..", "/a/../b",
                           "/a/./b", "/a/", "/a//", "/a/b/"}) {
    FakeTree tree;
    EXPECT_EQ(Walk(tree, name).end, GLOVEBOX_WALK_OTHER) << name;
    EXPECT_TRUE(tree.asked.empty()) << name;
  }
  struct glovebox_walk walk;
  EXPECT_EQ(glovebox_walk_resolve(&walk, nullptr, FakeTree::Ask, nullptr), GLOVEBOX_WALK_OTHER);
  for (const char* name : {"/...", "/.a", "/a.", "/..a/b", "/a..", "/a/.../b"}) {
    FakeTree tree;
    EXPECT_EQ(Walk(tree, name).name, name);
  }
}

TEST(ShimWalk, LinksAndErrorsThatGlibcTreatsInAnotherWayAreLeftToIt) {
  for (const char* text : {"", ".", "..", "../a", "b/", "/", "//", "/b/", "b/../c", "./b", "b/."}) {
    FakeTree tree;
    tree.links = {{"/a", text}};
    EXPECT_EQ(Walk(tree, "/a").end, GLOVEBOX_WALK_OTHER) << text;
  }
  for (int error : {EACCES, ENOTDIR, ELOOP, ENAMETOOLONG, EIO, ENOMEM, EINTR, ENOSPC}) {
    FakeTree tree;
    tree.errors = {{"/a", error}};
    EXPECT_EQ(Walk(tree, "/a/b").end, GLOVEBOX_WALK_OTHER) << strerror(error);
  }
}

TEST(ShimWalk, FortyLinksAreFollowedAndNoMore) {
  FakeTree tree;
  for (int i = 0; i < 41; ++i) tree.links["/l" + std::to_string(i)] = "l" + std::to_string(i + 1);
  EXPECT_EQ(Walk(tree, "/l1").name, "/l41");
  EXPECT_EQ(Walk(tree, "/l0").end, GLOVEBOX_WALK_OTHER);
}

TEST(ShimWalk, WhatDoesNotFitIsLeftToGlibc) {
  FakeTree tree;
  const std::string longest = "/" + std::string(1022, 'n');
  EXPECT_EQ(Walk(tree, longest).name, longest);
  EXPECT_EQ(Walk(tree, "////" + longest).name, longest);
  EXPECT_EQ(Walk(tree, longest + "n").end, GLOVEBOX_WALK_OTHER);
  EXPECT_EQ(Walk(tree, "/" + std::string(100000, 'n')).end, GLOVEBOX_WALK_OTHER);
  tree.links = {{"/l", "/" + std::string(1021, 't')}, {"/m", "/" + std::string(1022, 't')}};
  EXPECT_EQ(Walk(tree, "/l").name, tree.links["/l"]);      // 1022 bytes
  EXPECT_EQ(Walk(tree, "/l/b").end, GLOVEBOX_WALK_OTHER);  // with what follows: 1024
  EXPECT_EQ(Walk(tree, "/m").end, GLOVEBOX_WALK_OTHER);    // fills the buffer
}

TEST(ShimWalk, WhatFollowsALinkIsMovedInEitherDirection) {
  FakeTree tree;
  const std::string text(300, 't');
  tree.links = {{"/a", text + "/b"}, {"/" + text, "/c"}, {"/c/b", std::string(200, 'u') + "/d/e"}};
  EXPECT_EQ(Walk(tree, "/a/x/y").name, "/c/" + std::string(200, 'u') + "/d/e/x/y");
}

// --- Against libc. ---

// A readlink with this in its fifth argument, which the kernel does not read, passes the filter.
constexpr uint32_t kPass = 0x5a5a1234;
Names* recorded = nullptr;

long Readlink(const char* path, char* buffer, size_t size) {
  const long got = syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size, kPass);
  return got < 0 ? -errno : got;
}

// Makes the call that libc wanted to make, and writes it down.
void OnReadlink(int, siginfo_t*, void* context) {
  mcontext_t& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  auto* path = reinterpret_cast<const char*>(registers.gregs[REG_RDI]);
  auto* buffer = reinterpret_cast<char*>(registers.gregs[REG_RSI]);
  const auto size = static_cast<size_t>(registers.gregs[REG_RDX]);
  auto& result = registers.gregs[REG_RAX];
#else
  auto* path = reinterpret_cast<const char*>(registers.regs[1]);
  auto* buffer = reinterpret_cast<char*>(registers.regs[2]);
  const auto size = static_cast<size_t>(registers.regs[3]);
  auto& result = registers.regs[0];
#endif
  if (recorded != nullptr) recorded->emplace_back(path);
  result = static_cast<std::remove_reference_t<decltype(result)>>(Readlink(path, buffer, size));
}

bool TrapReadlink() {
  struct sigaction action = {};
  action.sa_sigaction = OnReadlink;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSYS, &action, nullptr) != 0) return false;
#if defined(__x86_64__)
  Filter filter = FilterOf(SYS_readlink, SECCOMP_RET_TRAP);
#else
  const uint32_t number = offsetof(seccomp_data, nr);
  const uint32_t fifth = offsetof(seccomp_data, args) + 32;
  Filter filter = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, number},  {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_readlinkat},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, fifth},   {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kPass},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP}, {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
#endif
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, &program) == 0;
}

long RecordAndAsk(void* context, const char* path, char* buffer, size_t size) {
  static_cast<Names*>(context)->emplace_back(path);
  return Readlink(path, buffer, size);
}

std::string Joined(const Names& names) {
  std::string all;
  for (const std::string& name : names) all += " " + name;
  return all;
}

// One name, both ways. Empty: they agree, and `ends` counts how.
std::string Compare(const std::string& name, int (&ends)[3]) {
  Names ours;
  Names theirs;
  struct glovebox_walk walk;
  const glovebox_walk_end end = glovebox_walk_resolve(&walk, name.c_str(), RecordAndAsk, &ours);
  ++ends[end];
  char buffer[4096] = "untouched";
  recorded = &theirs;
  errno = 0;
  const char* result = realpath(name.c_str(), buffer);
  const int error = errno;
  recorded = nullptr;
  const std::string both = name + ":" + Joined(ours) + " |" + Joined(theirs) + "\n";
  if (end == GLOVEBOX_WALK_OTHER) {
    const bool begins = ours.size() <= theirs.size() && std::equal(ours.begin(), ours.end(), theirs.begin());
    return begins ? "" : "asked otherwise before it gave up: " + both;
  }
  if (ours != theirs) return "asked otherwise: " + both;
  if ((result == buffer) != (end == GLOVEBOX_WALK_DONE)) return "another result: " + both;
  if (error != (end == GLOVEBOX_WALK_DONE ? EINVAL : ENOENT)) return "another errno: " + both;
  if (strcmp(buffer, walk.name) != 0) return std::string("another name: ") + buffer + ", " + both;
  return "";
}

class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {
    char name[] = "/tmp/shim_walk_XXXXXX";
    if (mkdtemp(name) == nullptr) abort();
    top_ = std::filesystem::canonical(name);
    for (int i = 0; i < 60; ++i) Grow();
  }
  ~RandomTree() { std::filesystem::remove_all(top_); }

  std::string Name() {
    std::string name = top_;
    for (int i = Below(6); i >= 0; --i) name += Slashes() + Component();
    return Below(30) == 0 ? name + "/" : name;
  }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string Slashes() { return std::string(Below(8) == 0 ? 2 : 1, '/'); }
  // Few different ones, so that most names meet something.
  std::string Component() {
    if (Below(40) == 0) return Below(2) == 0 ? "." : "..";
    return std::string(1, static_cast<char>('a' + Below(5)));
  }
  void Grow() {
    std::string at = top_;
    for (int i = Below(4); i > 0; --i) at += "/" + Component();
    const std::string name = at + "/" + Component();
    switch (Below(6)) {
      case 0:
        close(open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
        break;
      case 1: {
        std::string text = Component();
        while (Below(3) != 0) text += Slashes() + Component();
        [[maybe_unused]] const int made = symlink(text.c_str(), name.c_str());
        break;
      }
      case 2: {
        [[maybe_unused]] const int made = symlink(Name().c_str(), name.c_str());
        break;
      }
      default:
        mkdir(name.c_str(), 0755);
    }
  }
  std::string top_;
  std::mt19937 random_;
};

// TSan puts a handler off until its next interceptor returns; a trap cannot wait.
#if defined(__SANITIZE_THREAD__)
constexpr bool kSignalsArePutOff = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kSignalsArePutOff = true;
#else
constexpr bool kSignalsArePutOff = false;
#endif
#else
constexpr bool kSignalsArePutOff = false;
#endif

TEST(ShimWalk, ResultErrnoAndQuestionsAreLibcsOnRandomTrees) {
  if (kSignalsArePutOff) GTEST_SKIP() << "under TSan";
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::string findings;
    if (!TrapReadlink()) findings = "no trap";
    int ends[3] = {};
    for (unsigned round = 0; round < 20 && findings.empty(); ++round) {
      RandomTree tree(round);
      for (int i = 0; i < 400 && findings.size() < 4000; ++i) findings += Compare(tree.Name(), ends);
    }
    for (int count : ends) {
      if (count < 100 && findings.empty()) findings = "an end that hardly happens";
    }
    [[maybe_unused]] const ssize_t n = write(pipe_ends[1], findings.data(), findings.size());
    _exit(0);
  }
  close(pipe_ends[1]);
  EXPECT_EQ(Drain(pipe_ends[0]), "");
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace glovebox::child
