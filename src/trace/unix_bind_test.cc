#include "trace/unix_bind.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "kernel/landlock.h"
#include "trace/scratch_fixture.h"

namespace glovebox::trace {
namespace {

class UnixBindTest : public ScratchTest {
 protected:
  std::string Path(const std::string& name) const { return absl::StrCat(dir_->path(), "/", name); }
  static bool Exists(const std::string& path) {
    struct stat is;
    return lstat(path.c_str(), &is) == 0;
  }
  // In a thread that is ended afterwards, as its callers do. *name: what getsockname() says then.
  static int Bind(const std::string& path, const BindRights& rights, std::string* name = nullptr) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const size_t size = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int error = -1;
    std::thread([&] {
      error = unshare(CLONE_FS) != 0
                  ? errno
                  : BindHeld(fd.get(), std::string(reinterpret_cast<char*>(&address), size), rights);
    }).join();
    socklen_t room = sizeof address;
    address = {};
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &room);
    if (name != nullptr) *name = address.sun_path;
    return error;
  }
  BindRights Judged(const std::string& name, bool exact = false) const {
    return {.capabilities = ~uint64_t{0}, .judged = Path(name), .exact = exact};
  }
};

TEST_F(UnixBindTest, BindsByTheNameThatTheCallerSpelled) {
  ASSERT_EQ(mkdir("dir", 0700), 0);
  ASSERT_EQ(symlink("dir", "link"), 0);
  const struct {
    std::string spelled, judged;
  } rows[] = {{"plain", "plain"},
              {"dir/below", "dir/below"},
              {Path("dir/absolute"), "dir/absolute"},
              {"link/through", "dir/through"},
              {"./dir/../dots", "dots"}};
  for (const auto& row : rows) {
    std::string name;
    EXPECT_EQ(Bind(row.spelled, Judged(row.judged), &name), 0) << row.spelled;
    if (kernel::LandlockAbi() > 0) {
      EXPECT_EQ(name, row.spelled);
    }
    EXPECT_TRUE(Exists(Path(row.judged)));
    EXPECT_EQ(Bind(row.spelled, Judged(row.judged)), EADDRINUSE);
  }
  EXPECT_EQ(Bind("dir/", Judged("dir")), EADDRINUSE);
  EXPECT_EQ(Bind("dir/..", Judged("dir")), EADDRINUSE);
  EXPECT_EQ(Bind("gone/x", Judged("gone/x")), ENOENT);
}

TEST_F(UnixBindTest, ByTheLastNameAloneWhereARuleMayDifferBelowTheDirectory) {
  ASSERT_EQ(mkdir("dir", 0700), 0);
  std::string name;
  EXPECT_EQ(Bind("dir/a", Judged("dir/a", /*exact=*/true), &name), 0);
  EXPECT_EQ(name, "a");
  EXPECT_EQ(Bind("b", Judged("b", /*exact=*/true), &name), 0);
  EXPECT_EQ(name, "b");
  // Longer than an address has room for, had it the directory in front.
  const std::string longest(100, 'x');
  EXPECT_EQ(Bind(longest, Judged(longest, /*exact=*/true)), 0);
}

TEST_F(UnixBindTest, MakesNothingInADirectoryThatWasNotJudged) {
  ASSERT_EQ(mkdir("here", 0700), 0);
  ASSERT_EQ(mkdir("there", 0700), 0);
  ASSERT_EQ(symlink("there", "way"), 0);
  EXPECT_EQ(Bind("way/x", Judged("here/x")), ESTALE);
  EXPECT_FALSE(Exists("there/x"));
  EXPECT_EQ(Bind("way/x", {.capabilities = 0, .judged = "", .exact = false}), 0) << "nobody judged it";
}

TEST_F(UnixBindTest, APathThatIsTurnedMeanwhileLeadsNowhereElse) {
  ASSERT_EQ(mkdir("here", 0700), 0);
  ASSERT_EQ(mkdir("there", 0700), 0);
  ASSERT_EQ(symlink("here", "way"), 0);
  std::atomic<bool> on{true};
  std::thread other([&] {
    for (int i = 0; on; ++i) {
      if (symlink(i % 2 == 0 ? "there" : "here", "next") != 0 || rename("next", "way") != 0) return;
    }
  });
  int made = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const int error = Bind("way/x", Judged("here/x"));
    (error == 0 ? made : refused) += 1;
    EXPECT_THAT(error, testing::AnyOf(0, ESTALE, EACCES));
    EXPECT_EQ(unlink("here/x") == 0, error == 0);
    ASSERT_FALSE(Exists("there/x")) << "round " << i;
  }
  on = false;
  other.join();
  EXPECT_GT(made, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace glovebox::trace
