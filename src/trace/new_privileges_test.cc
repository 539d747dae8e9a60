// Programs that need new privileges: bare they get them, inside they do not, and the record and the verdict
// name them.
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;
using testing::HasSubstr;
using testing::Not;

class NewPrivilegesTest : public RunnerFixture {
 protected:
  // A program that says who it is, as cat does of its own status. Only root can make one that gains anything.
  void Plant() {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a program to somebody else";
    ASSERT_EQ(chmod(dir_->path().c_str(), 0755), 0);
    program_ = Path("who");
    std::error_code error;
    std::filesystem::copy_file("/bin/cat", program_, error);
    ASSERT_FALSE(error) << error.message();
    ASSERT_EQ(chmod(program_.c_str(), 0755), 0);
  }
  void Give(uid_t uid, gid_t gid, mode_t mode) {
    ASSERT_EQ(chown(program_.c_str(), uid, gid), 0);
    ASSERT_EQ(chmod(program_.c_str(), mode), 0);
  }
  // True where the host gives it: a mount with nosuid, or a container without new privileges, does not.
  bool GainsBare(const std::string& line) const {
    return StatusAs(kNobody, [&] { return Shows(line) ? 0 : 1; }) == 0;
  }
  bool Shows(const std::string& line) const {
    return system(absl::StrCat(program_, " /proc/self/status | grep -q '", line, "'").c_str()) == 0;
  }
  // What `uid` hears of a run of `script`, and what stands in the record behind it; empty: something failed.
  std::string HeardBy(uid_t uid, const std::string& script) {
    const std::string heard = Path("heard");
    EXPECT_OK(WriteFile(heard, ""));
    EXPECT_EQ(chmod(heard.c_str(), 0666), 0);
    const int status = StatusAs(uid, [&] {
      const auto outcome = RunSupervised(Shell(script));
      if (!outcome.ok() || outcome->verdict.fails || outcome->holes != 0) return 96;
      const std::string said = absl::StrCat(outcome->verdict.text, "|", outcome->end.step);
      return WriteFile(heard, said).ok() ? static_cast<int>(outcome->end.status) : 95;
    });
    EXPECT_EQ(status, 0);
    return ReadFile(heard).value_or("");
  }
  std::string Both(const std::string& what) const {
    const std::string line = absl::StrCat(program_, " ", what, " and runs without it here (no_new_privs)");
    return absl::StrCat("glovebox: note: ", line, "\n|; skipped no new privileges: ", line);
  }

  std::string program_;
};

TEST_F(NewPrivilegesTest, ASetuidProgramIsNamedToWhoeverLacksItsOwnersRights) {
  Plant();
  if (IsSkipped()) return;
  Give(0, 0, 04755);
  const std::string is_root = "^Uid:.[0-9]*.0";
  if (!GainsBare(is_root)) GTEST_SKIP() << "no program gains anything here: nosuid, or no_new_privs above";
  const std::string both = absl::StrCat(program_, " /proc/self/status > /dev/null; ", program_,
                                        " /proc/self/status | grep -q '^Uid:.", kNobody, ".", kNobody, "'");
  EXPECT_EQ(HeardBy(kNobody, both), Both("is setuid root")) << "once, though it ran twice";
  EXPECT_EQ(HeardBy(0, both.substr(0, both.find(';'))), "|") << "root has all of it";
}

TEST_F(NewPrivilegesTest, SoAreASetgidProgramAndOneWithFileCapabilities) {
  Plant();
  if (IsSkipped()) return;
  const std::string runs = absl::StrCat(program_, " /proc/self/status > /dev/null");
  Give(0, 42, 02755);
  if (GainsBare("^Gid:.[0-9]*.42")) {
    EXPECT_EQ(HeardBy(kNobody, runs), Both("is setgid to group 42"));
  }
  Give(0, 0, 0755);
  vfs_cap_data data = {};
  data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  data.data[0].permitted = 1u << CAP_NET_RAW;
  if (setxattr(program_.c_str(), "security.capability", &data, sizeof data, 0) != 0)
    GTEST_SKIP() << "no file capabilities here: " << strerror(errno);
  if (!GainsBare("^CapPrm:.0000000000002000")) GTEST_SKIP() << "file capabilities give nothing here";
  EXPECT_EQ(HeardBy(kNobody, runs), Both("has the file capability cap_net_raw"));
  EXPECT_EQ(HeardBy(0, runs), "|");
}

TEST_F(NewPrivilegesTest, WhatGivesNothingIsNotNamed) {
  Plant();
  if (IsSkipped()) return;
  const std::string runs = absl::StrCat(program_, " /proc/self/status > /dev/null");
  EXPECT_EQ(HeardBy(kNobody, runs), "|");
  Give(kNobody, kNobody, 06755);
  EXPECT_EQ(HeardBy(kNobody, runs), "|") << "its own";
  // The kernel asks the interpreter.
  ASSERT_OK(WriteFile(Path("script"), "#!/bin/sh\nexit 0\n"));
  ASSERT_EQ(chmod(Path("script").c_str(), 04755), 0);
  EXPECT_EQ(HeardBy(kNobody, Path("script")), "|");
}

// Whose file it is only root can choose; but most hosts have one.
TEST_F(NewPrivilegesTest, OneOfTheHostIsNamedToAnOrdinaryUser) {
  const char* found = nullptr;
  for (const char* program : {"/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/chsh"}) {
    struct stat file;
    const bool gains = stat(program, &file) == 0 && file.st_uid == 0 && (file.st_mode & S_ISUID) != 0;
    if (gains && found == nullptr) found = program;
  }
  if (found == nullptr) GTEST_SKIP() << "no setuid program on this host";
  ASSERT_EQ(chmod(dir_->path().c_str(), 0755), 0);
  const std::string heard = HeardBy(OrdinaryUser(), absl::StrCat(found, " --help > /dev/null 2>&1; exit 0"));
  EXPECT_THAT(heard, HasSubstr(absl::StrCat("glovebox: note: ", found, " is setuid root and runs")));
}

TEST_F(NewPrivilegesTest, OfAnInnerActionItStandsInThatOnesEnd) {
  Plant();
  if (IsSkipped()) return;
  Give(kNobody, kNobody, 04755);  // root lacks the other user's identity
  const std::string runs = absl::StrCat(program_, " /proc/self/status > /dev/null");
  const std::string inner = absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile -- sh -c '", runs, "'");
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(Shell(inner)));
  const std::string said = absl::StrCat(program_, " is setuid to user ", kNobody, " and runs without it");
  EXPECT_THAT(outcome.verdict.text, HasSubstr(said)) << "nobody waits beside a compile of its own";
  EXPECT_THAT(outcome.end.step, Not(HasSubstr(said)));
  const auto ends = sink_.All<ActionEnd>();
  ASSERT_THAT(ends, testing::SizeIs(2));
  EXPECT_THAT(ends[0].step, HasSubstr("; skipped no new privileges: " + said));
}

}  // namespace
}  // namespace glovebox::trace
