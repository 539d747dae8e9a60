// Callers for whom a name does not lead where it leads us, or no longer leads where they stand.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/resolver.h"
#include "trace/resolver_fixture.h"

namespace glovebox::trace {
namespace {

// The one child of `pid`, 0 without one.
pid_t ChildOf(pid_t pid) {
  const auto text = ReadFile(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  return text.ok() ? static_cast<pid_t>(std::atoi(text->c_str())) : 0;
}

bool OwnMounts(int more) {
  if (unshare(CLONE_NEWNS | more | (geteuid() != 0 ? CLONE_NEWUSER : 0)) != 0) return false;
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// Answers from a child that is number 1 of a pid namespace with a /proc of its own.
bool EnterPids(const std::string& where) {
  if (!OwnMounts(CLONE_NEWPID)) return false;
  const pid_t pid = fork();
  if (pid < 0) return false;
  if (pid > 0) {
    while (waitpid(pid, nullptr, 0) != pid) continue;
    _exit(0);
  }
  const int null = open("/dev/null", O_RDONLY);
  return mount("proc", "/proc", "proc", 0, nullptr) == 0 && chdir(where.c_str()) == 0 && null >= 0 &&
         dup2(null, 20) == 20;
}

TEST_F(ResolverTest, ProcOfAnInnerPidNamespaceNamesTheCallerByItsNumberThere) {
  ASSERT_OK(WriteFile(top_ + "/file", ""));
  const Oracle oracle(top_, EnterPids, {"/proc", top_});
  if (!oracle.ok()) GTEST_SKIP() << "no pid namespaces here";
  const pid_t inner = ChildOf(oracle.pid());
  ASSERT_GT(inner, 0);
  for (const char* path : {"/proc/self",
                           "/proc/self/",
                           "/proc/self/status",
                           "/proc/self/exe",
                           "/proc/mounts",
                           "/proc/net",
                           "/proc/net/dev",
                           "/proc/thread-self",
                           "/proc/thread-self/status",
                           "/proc/self/fd/20",
                           "/dev/fd/20",
                           "/dev/fd/11/file",
                           "/dev/stdout",
                           "/proc/1/status",
                           "/proc/2/status",
                           "/proc/self/nothing",
                           "/proc/self/cwd",
                           "/proc/self/cwd/file",
                           "/proc/self/root/usr",
                           "/proc/self/../self/maps",
                           "/proc/self/fd/77"}) {
    for (const bool follow : {false, true}) {
      const PathRef ref{AT_FDCWD, path, follow, false};
      const Truth truth = oracle.Ask(ref);
      const Resolved got = resolver_->Resolve(inner, inner, ref);
      EXPECT_EQ(got.error, truth.error) << path;
      if (truth.error == 0) {
        EXPECT_EQ(got.path, truth.path) << path;
      }
    }
  }
  // Through our own /proc, which it still holds, it has the number that we know.
  const auto held = [&](const char* path) {
    return resolver_->Resolve(inner, inner, {10, path, true, false});
  };
  EXPECT_TRUE(held("self/status").there);
  EXPECT_EQ(held("self/status").path, absl::StrCat("/proc/", inner, "/status"));
}

TEST_F(ResolverTest, ProcOfANamespaceThatTheCallerIsNotInIsUnknown) {
  const Oracle oracle(top_, EnterPids);
  if (!oracle.ok()) GTEST_SKIP() << "no pid namespaces here";
  const std::string theirs = absl::StrCat("/proc/", ChildOf(oracle.pid()), "/root/proc/");
  for (const char* name : {"self", "self/status", "thread-self/status", "mounts"}) {
    const Resolved got = Own(theirs + name);
    EXPECT_FALSE(got.there) << name;
    EXPECT_EQ(got.error, ESRCH) << "what leaves the hole path-unresolved: " << name;
  }
  EXPECT_TRUE(Own(theirs + "1/status").there);
}

}  // namespace
}  // namespace glovebox::trace
