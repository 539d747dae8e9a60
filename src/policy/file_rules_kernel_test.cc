// The evaluator beside the kernel: random trees, policies and calls, judged by both.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/landlock.h"
#include "policy/file_rules.h"
#include "policy/landlock_rules.h"

namespace glovebox::policy {
namespace {

const char* const kDirectories[] = {"a", "a/b", "a/b/c", "d", "d/e"};
const char* const kFiles[] = {"f", "a/f", "a/b/f", "a/b/c/f", "d/f", "d/g", "d/e/f"};
const char* const kFree[] = {"n", "a/n", "a/b/n", "a/b/c/n", "d/n", "d/e/n"};

struct Try {
  Op op = Op::kOpen;
  int flags = 0;
  std::string first, second;
};

// A name in the working directory, which is the root of the tree. 0 or errno; what an exec of a file of text
// gives (ENOEXEC) is success: the kernel has opened it to run it.
int Make(const Try& call) {
  const char* first = call.first.c_str();
  const char* second = call.second.c_str();
  long result = -1;
  switch (call.op) {
    case Op::kOpen:
      result = open(first, call.flags | O_NONBLOCK, 0600);
      break;
    case Op::kExec: {
      char* const none[] = {nullptr};
      execve(first, none, none);
      return errno == ENOEXEC ? 0 : errno;
    }
    case Op::kMkdir:
      result = mkdir(first, 0700);
      break;
    case Op::kMknod:
      result = mknod(first, S_IFIFO | 0600, 0);
      break;
    case Op::kSymlink:
      result = symlink("x", first);
      break;
    case Op::kUnlink:
      result = unlink(first);
      break;
    case Op::kRmdir:
      result = rmdir(first);
      break;
    case Op::kTruncate:
      result = truncate(first, 0);
      break;
    case Op::kLink:
      result = link(first, second);
      break;
    case Op::kRename:
      result = syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, call.flags);
      break;
    case Op::kBind: {
      sockaddr_un address = {};
      address.sun_family = AF_UNIX;
      call.first.copy(address.sun_path, sizeof address.sun_path - 1);
      result = bind(socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address);
      break;
    }
    case Op::kStat: {
      struct stat info;
      result = lstat(first, &info);
      break;
    }
    default:
      return EINVAL;
  }
  return result >= 0 ? 0 : errno;
}

class Agreement : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }
  std::string Root() const { return dir_->path() + "/t"; }
  std::string Path(const std::string& name) const { return CleanPath(absl::StrCat(Root(), "/", name)); }

  void Plant() {
    std::filesystem::remove_all(Root());
    ASSERT_OK(MakeDirectories(Root()));
    for (const char* name : kDirectories) ASSERT_OK(MakeDirectories(Path(name)));
    for (const char* name : kFiles) {
      ASSERT_OK(WriteFile(Path(name), "text"));
      ASSERT_EQ(chmod(Path(name).c_str(), 0700), 0);
    }
  }
  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  template <typename List>
  std::string OneOf(const List& list) {
    return list[Below(std::size(list))];
  }
  std::string Name() {
    switch (Below(5)) {
      case 0:
        return OneOf(kDirectories);
      case 1:
        return OneOf(kFree);
      default:
        return OneOf(kFiles);
    }
  }
  Policy RandomPolicy() {
    Policy policy;
    policy.mode = Mode::kEnforce;
    policy.confine_files = true;
    for (size_t i = Below(4) + 1; i > 0; --i) {
      PathRule rule;
      rule.access = Below(2) == 0 ? PathAccess::kRead : PathAccess::kWrite;
      if (Below(8) == 0) rule.access = PathAccess::kAppend;
      rule.path = Path(Below(6) == 0 ? "." : Name());
      policy.paths.push_back(rule);
    }
    return policy;
  }
  Try RandomTry() {
    static constexpr Op kOps[] = {Op::kOpen,     Op::kOpen,  Op::kOpen,    Op::kOpen,   Op::kExec,
                                  Op::kMkdir,    Op::kMknod, Op::kSymlink, Op::kUnlink, Op::kRmdir,
                                  Op::kTruncate, Op::kLink,  Op::kLink,    Op::kRename, Op::kRename,
                                  Op::kRename,   Op::kBind,  Op::kStat};
    static constexpr int kFlags[] = {O_RDONLY,
                                     O_WRONLY,
                                     O_RDWR,
                                     O_RDONLY | O_TRUNC,
                                     O_WRONLY | O_TRUNC,
                                     O_WRONLY | O_APPEND,
                                     O_RDWR | O_CREAT,
                                     O_RDONLY | O_CREAT,
                                     O_WRONLY | O_CREAT | O_EXCL,
                                     O_RDONLY | O_DIRECTORY,
                                     O_PATH,
                                     O_RDWR | O_TMPFILE,
                                     O_WRONLY | O_TMPFILE};
    Try call;
    call.op = kOps[Below(std::size(kOps))];
    call.first = Name();
    if (call.op == Op::kOpen) call.flags = kFlags[Below(std::size(kFlags))];
    if (call.op == Op::kLink || call.op == Op::kRename) call.second = Name();
    if (call.op == Op::kRename && Below(3) == 0) call.flags = kernel::kRenameExchange;
    return call;
  }
  int InChild(const Try& call, const std::vector<const Ruleset*>& layers) const {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      if (chdir(Root().c_str()) != 0) _exit(250);
      for (const Ruleset* layer : layers) {
        if (syscall(SYS_landlock_restrict_self, layer->fd.get(), 0) != 0) _exit(251);
      }
      _exit(Make(call));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 252;
  }
  FileVerdict Ask(const Try& call, const std::vector<const FileRules*>& chain) const {
    const auto look = [](const std::string& path) {
      struct stat info = {};
      const bool there = lstat(path.c_str(), &info) == 0;
      return FileObject{path, there, info.st_mode};
    };
    const std::string paths[] = {Path(call.first), Path(call.second)};
    const FileObject first = look(paths[0]), second = look(paths[1]);
    FileCall asked = {call.op, "", static_cast<uint64_t>(call.flags), false, &first, nullptr};
    asked.creates = call.op == Op::kOpen && (call.flags & O_CREAT) != 0;
    if (!call.second.empty()) asked.second = &second;
    return JudgeFiles(chain, asked);
  }
  static std::string Text(const Try& call, const std::vector<Policy>& policies) {
    std::string text =
        absl::StrCat(OpName(call.op), " ", call.first, " ", call.second, " flags 0", absl::Hex(call.flags));
    for (const Policy& policy : policies) {
      absl::StrAppend(&text, "; layer");
      for (const PathRule& rule : policy.paths)
        absl::StrAppend(&text, " ", static_cast<int>(rule.access), ":", rule.path);
    }
    return text;
  }

  std::unique_ptr<TempDir> dir_;
  std::mt19937 random_{20240607};
};

// GLOVEBOX_TEST_ROUNDS=100000 asks for more.
TEST_F(Agreement, OfEvaluatorAndKernel) {
  if (kernel::LandlockAbi() < 5) GTEST_SKIP() << "Landlock ABI below 5";
  const char* wanted = getenv("GLOVEBOX_TEST_ROUNDS");
  const int rounds = wanted != nullptr ? atoi(wanted) : 250;
  kernel::HostFeatures host;
  host.landlock_abi = kernel::LandlockAbi();
  int judged = 0, refused = 0;
  Plant();
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    const Try call = RandomTry();
    const int free = InChild(call, {});
    if (free == 0) Plant();
    if (free != 0) continue;  // the kernel has other reasons
    std::vector<Policy> policies;
    std::vector<Ruleset> layers;
    std::vector<FileRules> rules;
    for (size_t i = Below(3) == 0 ? 2 : 1; i > 0; --i) {
      policies.push_back(RandomPolicy());
      std::vector<std::string> skipped;
      ASSERT_OK_AND_ASSIGN(Ruleset made, MakeRuleset(policies.back(), host, 0, nullptr, &skipped));
      ASSERT_OK_AND_ASSIGN(FileRules rule, FileRules::Make(policies.back(), made.grants));
      layers.push_back(std::move(made));
      rules.push_back(std::move(rule));
    }
    std::vector<const FileRules*> chain;
    std::vector<const Ruleset*> entered;
    for (const FileRules& rule : rules) chain.push_back(&rule);
    for (const Ruleset& layer : layers) entered.push_back(&layer);
    const FileVerdict verdict = Ask(call, chain);
    const int error = InChild(call, entered);
    ++judged;
    refused += error != 0 ? 1 : 0;
    EXPECT_EQ(verdict.kernel_allows, error == 0)
        << Text(call, policies) << ": the kernel says " << error << ", we: " << verdict.rule;
    if (!verdict.allowed && error != 0 && verdict.error != EPERM) {
      EXPECT_EQ(verdict.error, error) << Text(call, policies);
    }
    if (error == 0) Plant();
  }
  EXPECT_GT(refused, judged / 10);
  EXPECT_GT(judged - refused, judged / 10);
}

}  // namespace
}  // namespace glovebox::policy
