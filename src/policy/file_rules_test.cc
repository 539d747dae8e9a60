#include "policy/file_rules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Grant At(PathAccess access, const std::string& path, int line) {
  return {access, path, path, {"p.toml", line, 3}, 0, 1, 1};
}
PathRule Rule(PathAccess access, const std::string& path, int line) {
  return {access, path, {"p.toml", line, 3}};
}

// Reads /usr, writes /b, reads /b.toml alone, writes the file /etc/one; /b/out and /new were not there.
FileRules Rules(Mode mode = Mode::kEnforce) {
  Policy policy;
  policy.mode = mode;
  policy.confine_files = true;
  policy.paths = {Rule(PathAccess::kAppend, "/b/log/*.log", 10), Rule(PathAccess::kHidden, "/b/**/.git", 11),
                  Rule(PathAccess::kHidden, "/usr/secret", 12), Rule(PathAccess::kAppend, "/c/log", 13)};
  std::vector<Grant> grants = {At(PathAccess::kRead, "/usr", 1), At(PathAccess::kWrite, "/b", 2),
                               At(PathAccess::kRead, "/b.toml", 3), At(PathAccess::kWrite, "/etc/one", 4),
                               At(PathAccess::kWrite, "/new/out", 5)};
  grants.back().error = ENOENT;
  auto rules = FileRules::Make(policy, grants);
  EXPECT_OK(rules);
  return *std::move(rules);
}

struct Case {
  const char* what;
  Op op;
  uint64_t flags;
  const char* first;
  bool there;
  const char* second;
  int error;
  const char* rule;
};

constexpr uint64_t kNone = 0;

const Case kCases[] = {
    {"read", Op::kOpen, O_RDONLY, "/usr/a", true, nullptr, 0, ""},
    {"read beside", Op::kOpen, O_RDONLY, "/usr2", true, nullptr, EACCES,
     "outside-read: no path of the policy"},
    {"read one file", Op::kOpen, O_RDONLY, "/b.toml", true, nullptr, 0, ""},
    {"write where one reads", Op::kOpen, O_WRONLY, "/usr/a", true, nullptr, EACCES,
     "outside-write: p.toml:1:3 read /usr"},
    {"truncating read", Op::kOpen, O_RDONLY | O_TRUNC, "/usr/a", true, nullptr, EACCES, "outside-write: "},
    {"create where one reads", Op::kOpen, O_WRONLY | O_CREAT, "/usr/n", false, nullptr, EACCES,
     "outside-write: p.toml:1:3 read /usr"},
    {"create", Op::kOpen, O_WRONLY | O_CREAT, "/b/n", false, nullptr, 0, ""},
    {"append", Op::kOpen, O_WRONLY | O_APPEND, "/usr/a", true, nullptr, EACCES, "outside-write: "},
    {"a path alone", Op::kOpen, O_PATH, "/etc/shadow", true, nullptr, 0, ""},
    {"run", Op::kExec, kNone, "/usr/bin/cc", true, nullptr, 0, ""},
    {"run outside", Op::kExec, kNone, "/opt/cc", true, nullptr, EACCES, "outside-exec: no path"},
    {"a file that is granted alone", Op::kOpen, O_RDWR | O_TRUNC, "/etc/one", true, nullptr, 0, ""},
    {"... is not removed", Op::kUnlink, kNone, "/etc/one", true, nullptr, EACCES, "outside-write: no path"},
    {"... nor made", Op::kOpen, O_WRONLY | O_CREAT, "/etc/one", false, nullptr, EACCES, "outside-write: "},
    {"the root of a grant is not removed", Op::kRmdir, kNone, "/b", true, nullptr, EACCES, "outside-write: "},
    {"mkdir", Op::kMkdir, kNone, "/b/d", false, nullptr, 0, ""},
    {"mkdir outside", Op::kMkdir, kNone, "/etc/d", false, nullptr, EACCES, "outside-write: "},
    {"truncate", Op::kTruncate, kNone, "/b/a", true, nullptr, 0, ""},
    {"truncate outside", Op::kTruncate, kNone, "/usr/a", true, nullptr, EACCES, "outside-write: "},
    {"chmod outside", Op::kChmod, kNone, "/usr/a", true, nullptr, EACCES, "outside-write: p.toml:1:3"},
    {"stat outside", Op::kStat, kNone, "/etc/shadow", true, nullptr, 0, ""},
    {"rename", Op::kRename, kNone, "/b/x/1", true, "/b/y/2", 0, ""},
    {"rename out", Op::kRename, kNone, "/b/x", true, "/etc/x", EACCES, "outside-write: no path"},
    {"rename in", Op::kRename, kNone, "/usr/x", true, "/b/x", EACCES, "outside-write: p.toml:1:3"},
    {"link in", Op::kLink, kNone, "/usr/x", true, "/b/x", EXDEV, "outside-write: p.toml:1:3"},
    {"link out", Op::kLink, kNone, "/b/x", true, "/usr/x", EACCES, "outside-write: "},
    {"link outside both", Op::kLink, kNone, "/etc/x", true, "/usr/x", EACCES, "outside-write: p.toml:1:3"},
    {"what was not there", Op::kOpen, O_WRONLY | O_CREAT, "/new/out/x", false, nullptr, EACCES,
     "outside-write: p.toml:5:3 write /new/out, which was not there when the action began"},
    {"... itself", Op::kMkdir, kNone, "/new/out", false, nullptr, EACCES,
     "outside-write: p.toml:5:3 write /new/out, which was not there when the action began"},
    {"hidden", Op::kOpen, O_RDONLY, "/usr/secret", true, nullptr, ENOENT,
     "hidden: p.toml:12:3 hidden /usr/secret"},
    {"below hidden", Op::kStat, kNone, "/b/s/.git/config", true, nullptr, ENOENT, "hidden: p.toml:11:3"},
    {"made where hidden", Op::kMkdir, kNone, "/b/s/.git", false, nullptr, EACCES, "hidden: "},
    {"a log read", Op::kOpen, O_RDONLY, "/b/log/a.log", true, nullptr, 0, ""},
    {"a log begun", Op::kOpen, O_WRONLY | O_CREAT | O_APPEND, "/b/log/a.log", false, nullptr, 0, ""},
    {"a log written", Op::kOpen, O_WRONLY, "/b/log/a.log", true, nullptr, EPERM,
     "log-tamper: p.toml:10:3 append /b/log/*.log"},
    {"a log emptied", Op::kOpen, O_WRONLY | O_APPEND | O_TRUNC, "/b/log/a.log", true, nullptr, EPERM,
     "log-tamper: "},
    {"a log truncated", Op::kTruncate, kNone, "/b/log/a.log", true, nullptr, EPERM, "log-tamper: "},
    {"a log removed", Op::kUnlink, kNone, "/b/log/a.log", true, nullptr, EPERM, "log-tamper: "},
    {"a log renamed", Op::kRename, kNone, "/b/log/a.log", true, "/b/log/b", EPERM, "log-tamper: "},
    {"renamed over a log", Op::kRename, kNone, "/b/log/b", true, "/b/log/a.log", EPERM, "log-tamper: "},
    {"a second name for a log", Op::kLink, kNone, "/b/log/a.log", true, "/b/log/b", EPERM, "log-tamper: "},
    {"a log's mode", Op::kChmod, kNone, "/b/log/a.log", true, nullptr, EPERM, "log-tamper: "},
    {"its directory moved", Op::kRename, kNone, "/b/log", true, "/b/old", EPERM, "log-tamper: "},
    {"a log that no path covers", Op::kOpen, O_WRONLY | O_APPEND, "/c/log", true, nullptr, 0, ""},
    {"a pipe", Op::kOpen, O_RDWR, "pipe:[12]", true, nullptr, 0, ""},
    {"a memory file run", Op::kExec, kNone, "/memfd:x (deleted)", true, nullptr, 0, ""},
};

FileVerdict Judge(const FileRules& rules, const Case& row) {
  const FileObject first = {row.first, row.there, S_IFREG};
  const FileObject second = {row.second == nullptr ? "" : row.second, false, 0};
  FileCall call = {row.op, "x", row.flags, (row.flags & O_CREAT) != 0, &first, nullptr};
  if (row.op == Op::kMkdir) call.creates = true;
  if (row.second != nullptr) call.second = &second;
  return rules.Judge(call);
}

TEST(FileRules, EachCallIsAllowedOrRefusedByTheRuleThatSaysSo) {
  const FileRules rules = Rules();
  for (const Case& row : kCases) {
    const FileVerdict verdict = Judge(rules, row);
    EXPECT_EQ(verdict.error, row.error) << row.what;
    EXPECT_EQ(verdict.allowed, row.error == 0) << row.what;
    EXPECT_THAT(verdict.rule, StartsWith(row.rule)) << row.what;
    EXPECT_EQ(verdict.rule.empty(), row.error == 0) << row.what;
  }
}

TEST(FileRules, WhatTheKernelWouldSayIsToldApart) {
  const FileRules rules = Rules();
  const auto kernel = [&rules](Op op, uint64_t flags, const char* path) {
    return Judge(rules, {"", op, flags, path, true, nullptr, 0, ""}).kernel_allows;
  };
  EXPECT_TRUE(kernel(Op::kChmod, 0, "/etc/x"));
  EXPECT_TRUE(kernel(Op::kOpen, O_RDONLY, "/usr/secret"));
  EXPECT_TRUE(kernel(Op::kOpen, O_WRONLY, "/b/log/a.log"));
  EXPECT_FALSE(kernel(Op::kOpen, O_WRONLY | O_APPEND, "/c/log")) << "only the supervisor can make it";
  EXPECT_FALSE(kernel(Op::kOpen, O_WRONLY, "/etc/x"));
}

// Nothing is held then, so what is missing yet is granted by its name.
TEST(FileRules, WhereNothingIsHeldAPathThatIsMissingYetIsGranted) {
  const FileRules rules = Rules(Mode::kReport);
  EXPECT_TRUE(Judge(rules, {"", Op::kOpen, O_WRONLY | O_CREAT, "/new/out/x", false, nullptr, 0, ""}).allowed);
  EXPECT_FALSE(Judge(rules, {"", Op::kOpen, O_WRONLY | O_CREAT, "/new/x", false, nullptr, 0, ""}).allowed);
}

TEST(FileRules, MountsAreRefusedToWhoIsConfined) {
  const FileRules rules = Rules();
  const FileObject what = {"/b", true, S_IFDIR};
  for (const auto& [op, name] : {std::pair(Op::kMount, "mount"), std::pair(Op::kUmount, "umount2"),
                                 std::pair(Op::kMount, "i386:mount"), std::pair(Op::kChroot, "pivot_root")}) {
    const FileVerdict verdict = rules.Judge({op, name, 0, false, &what, nullptr});
    EXPECT_EQ(verdict.error, EPERM) << name;
    EXPECT_THAT(verdict.rule, StartsWith("mount: ")) << name;
  }
  EXPECT_TRUE(rules.Judge({Op::kMount, "unshare", 0, false, nullptr, nullptr}).allowed);
  Policy hides;
  hides.paths = {Rule(PathAccess::kHidden, "/x", 1)};
  ASSERT_OK_AND_ASSIGN(const FileRules open, FileRules::Make(hides, {}));
  EXPECT_TRUE(open.Judge({Op::kMount, "mount", 0, false, &what, nullptr}).allowed);
}

TEST(FileRules, AnInnerPolicyCanOnlyNarrow) {
  Policy wide, narrow;
  wide.mode = narrow.mode = Mode::kEnforce;
  wide.confine_files = narrow.confine_files = true;
  narrow.files_section = "[edge]";
  ASSERT_OK_AND_ASSIGN(const FileRules outer, FileRules::Make(narrow, {At(PathAccess::kWrite, "/b", 1)}));
  ASSERT_OK_AND_ASSIGN(const FileRules inner, FileRules::Make(wide, {At(PathAccess::kWrite, "/", 2)}));
  const FileObject etc = {"/etc/x", true, S_IFREG}, made = {"/b/x", false, 0};
  const FileRules* const chain[] = {&inner, &outer};
  const FileVerdict verdict = JudgeFiles(chain, {Op::kOpen, "open", O_WRONLY, false, &etc, nullptr});
  EXPECT_EQ(verdict.rule, "outside-write: no path of the policy for [edge]");
  EXPECT_FALSE(verdict.kernel_allows);
  EXPECT_TRUE(JudgeFiles(chain, {Op::kMkdir, "mkdir", 0, true, &made, nullptr}).allowed);
}

TEST(FileRules, ABadPatternIsNamedWithItsPlace) {
  Policy policy;
  policy.paths = {Rule(PathAccess::kHidden, "/a/[b", 7)};
  EXPECT_THAT(FileRules::Make(policy, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("p.toml:7:3: path pattern \"/a/[b\"")));
}

TEST(FileRules, ThePlaceOfAPatternIsWhereItsDirectoriesLead) {
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create());
  ASSERT_OK(MakeDirectories(dir.path() + "/real"));
  ASSERT_EQ(symlink("real", (dir.path() + "/link").c_str()), 0);
  Policy policy;
  policy.paths = {Rule(PathAccess::kHidden, dir.path() + "/link/*.key", 1)};
  ASSERT_OK_AND_ASSIGN(const FileRules rules, FileRules::Make(policy, {}));
  const std::string key = dir.path() + "/real/a.key";
  const FileObject what = {key, true, S_IFREG};
  EXPECT_EQ(rules.Judge({Op::kOpen, "open", O_RDONLY, false, &what, nullptr}).error, ENOENT);
}

}  // namespace
}  // namespace glovebox::policy
