#include "kernel/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::kernel {
namespace {

// Runs `probe` in a child inside the ruleset; its result is the child's exit status.
template <typename Probe>
int Inside(int ruleset, const Probe& probe) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) _exit(200);
    _exit(probe());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST(Landlock, RightsGrowWithTheAbi) {
  EXPECT_EQ(LandlockFsRights(0), 0u);
  EXPECT_EQ(LandlockFsRights(1), 0x1fffu);
  EXPECT_EQ(LandlockFsRights(2), 0x3fffu);
  EXPECT_EQ(LandlockFsRights(4), 0x7fffu);
  EXPECT_EQ(LandlockFsRights(7), 0xffffu);
  EXPECT_EQ(LandlockFileRights(1), 0x7u);
}

TEST(Landlock, OnlyWhatIsGrantedCanBeRead) {
  if (LandlockAbi() < 1) GTEST_SKIP() << "no Landlock on this host";
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  const std::string open_file = dir.path() + "/open";
  const std::string shut_file = dir.path() + "/shut";
  ASSERT_OK(WriteFile(open_file, "x"));
  ASSERT_OK(WriteFile(shut_file, "x"));
  ASSERT_OK_AND_ASSIGN(const UniqueFd ruleset, CreateRuleset({.fs = LandlockFsRights(LandlockAbi())}));
  // All rights for a file that is no directory: those that it cannot have are left out.
  ASSERT_OK(AddPathRule(ruleset.get(), open_file, LandlockFsRights(LandlockAbi())));
  const auto try_open = [](const std::string& path) {
    return [&path] { return open(path.c_str(), O_RDONLY) >= 0 ? 0 : errno; };
  };
  EXPECT_EQ(Inside(ruleset.get(), try_open(open_file)), 0);
  EXPECT_EQ(Inside(ruleset.get(), try_open(shut_file)), EACCES);
}

TEST(Landlock, OnlyTheGrantedPortCanBeBound) {
  if (LandlockAbi() < 4) GTEST_SKIP() << "no TCP rules on this host";
  ASSERT_OK_AND_ASSIGN(const UniqueFd ruleset, CreateRuleset({.net = kLandlockNetBindTcp}));
  ASSERT_OK(AddPortRule(ruleset.get(), 0, kLandlockNetBindTcp));
  const auto bind_to = [](uint16_t port) {
    return [port] {
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(port);
      const int fd = socket(AF_INET, SOCK_STREAM, 0);
      return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
    };
  };
  EXPECT_EQ(Inside(ruleset.get(), bind_to(0)), 0);
  EXPECT_EQ(Inside(ruleset.get(), bind_to(34567)), EACCES);
}

TEST(Landlock, ErrorsNameTheObject) {
  if (LandlockAbi() < 1) GTEST_SKIP() << "no Landlock on this host";
  EXPECT_FALSE(CreateRuleset({}).ok());
  EXPECT_THAT(CreateRuleset({.fs = uint64_t{1} << 60}),
              StatusIs(testing::_, testing::HasSubstr("landlock_create_ruleset(fs 0x1000000000000000")));
  ASSERT_OK_AND_ASSIGN(const UniqueFd ruleset, CreateRuleset({.fs = LANDLOCK_ACCESS_FS_READ_FILE}));
  EXPECT_THAT(AddPathRule(ruleset.get(), "/nonexistent", LANDLOCK_ACCESS_FS_READ_FILE),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("open(/nonexistent): ENOENT")));
  EXPECT_THAT(AddPathRule(ruleset.get(), "/", LANDLOCK_ACCESS_FS_WRITE_FILE),
              StatusIs(testing::_, testing::HasSubstr("landlock_add_rule(/): EINVAL")));
  EXPECT_THAT(AddPortRule(-1, 80, kLandlockNetBindTcp),
              StatusIs(testing::_, testing::HasSubstr("landlock_add_rule(TCP port 80): EBADF")));
}

}  // namespace
}  // namespace glovebox::kernel
