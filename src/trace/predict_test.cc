#include "trace/predict.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::trace {

void PrintTo(const Prediction& p, std::ostream* out) {
  *out << "{" << static_cast<int>(p.result) << ", errno " << p.error << "}";
}

namespace {

using access::Result;

class Fixed final : public Permissions {
 public:
  explicit Fixed(int error, int empty = 0) : error_(error), empty_(empty) {}
  int Check(const std::string&, const Resolved*, int) const override { return error_; }
  int CheckEmpty(const Resolved&) const override { return empty_; }
  int CheckOwner(const Resolved&) const override { return owner; }
  int CheckGive(const Resolved&, uid_t, gid_t) const override { return owner; }
  int CheckCapability(int, bool) const override { return owner; }
  int CheckMount(const Resolved&) const override { return mount; }
  int owner = 0;
  int mount = 0;

 private:
  int error_;
  int empty_;
};

Resolved Is(mode_t mode) {
  Resolved out;
  out.path = "/d/x";
  out.there = out.parent_there = true;
  out.mode = mode;
  out.is_dir = S_ISDIR(mode);
  return out;
}
Resolved Not(int error, bool parent = false) {
  Resolved out;
  out.path = "/d/x";
  out.error = error;
  out.parent_there = parent;
  return out;
}
Intent Do(Op op, uint64_t flags = 0, std::string spelled = "x") {
  Intent intent;
  intent.op = op;
  intent.flags = flags;
  intent.creates = op == Op::kOpen && (flags & O_CREAT) != 0;
  intent.exclusive = op == Op::kOpen && (flags & O_EXCL) != 0;
  intent.paths.push_back({AT_FDCWD, std::move(spelled), true, false});
  return intent;
}

TEST(Predict, TellsWhatACallMeetsFromWhatIsThere) {
  const Resolved file = Is(S_IFREG | 0644);
  const Resolved program = Is(S_IFREG | 0755);
  const Resolved dir = Is(S_IFDIR | 0755);
  const Resolved link = Is(S_IFLNK | 0777);
  const Resolved here = Not(ENOENT, true);
  const Resolved nowhere = Not(ENOENT);
  const struct {
    const char* name;
    Intent intent;
    const Resolved& what;
    int permission;
    Prediction want;
  } kCases[] = {
      {"read", Do(Op::kOpen), file, 0, {Result::kThere, 0}},
      {"read what is shut", Do(Op::kOpen), file, EACCES, {Result::kRefused, EACCES}},
      {"read-only mount", Do(Op::kOpen, O_WRONLY), file, EROFS, {Result::kRefused, EROFS}},
      {"absent", Do(Op::kOpen), here, 0, {Result::kAbsent, ENOENT}},
      {"below a file", Do(Op::kOpen), Not(ENOTDIR), 0, {Result::kAbsent, ENOTDIR}},
      {"loop", Do(Op::kOpen), Not(ELOOP), 0, {Result::kFailed, ELOOP}},
      {"no way", Do(Op::kOpen), Not(EACCES), 0, {Result::kRefused, EACCES}},
      {"caller gone", Do(Op::kOpen), Not(ESRCH), 0, {Result::kUnknown, ESRCH}},
      {"create", Do(Op::kOpen, O_CREAT | O_WRONLY), here, 0, {Result::kCreated, 0}},
      {"create in a shut directory", Do(Op::kOpen, O_CREAT), here, EACCES, {Result::kRefused, EACCES}},
      {"create without a parent", Do(Op::kOpen, O_CREAT), nowhere, 0, {Result::kAbsent, ENOENT}},
      {"create what is there", Do(Op::kOpen, O_CREAT | O_WRONLY), file, 0, {Result::kThere, 0}},
      {"create a slash", Do(Op::kOpen, O_CREAT, "x/"), here, 0, {Result::kFailed, EISDIR}},
      {"exclusive", Do(Op::kOpen, O_CREAT | O_EXCL), file, 0, {Result::kFailed, EEXIST}},
      {"exclusive on a link", Do(Op::kOpen, O_CREAT | O_EXCL), link, 0, {Result::kFailed, EEXIST}},
      {"write a directory", Do(Op::kOpen, O_WRONLY), dir, 0, {Result::kFailed, EISDIR}},
      {"list a directory", Do(Op::kOpen, O_DIRECTORY), dir, 0, {Result::kThere, 0}},
      {"list a file", Do(Op::kOpen, O_DIRECTORY), file, 0, {Result::kAbsent, ENOTDIR}},
      {"no follow", Do(Op::kOpen, O_NOFOLLOW), link, 0, {Result::kFailed, ELOOP}},
      {"a link itself", Do(Op::kOpen, O_NOFOLLOW | O_PATH), link, 0, {Result::kThere, 0}},
      {"O_PATH asks nobody", Do(Op::kOpen, O_PATH), file, EACCES, {Result::kThere, 0}},
      {"exec", Do(Op::kExec), program, 0, {Result::kThere, 0}},
      {"exec without x", Do(Op::kExec), file, EACCES, {Result::kRefused, EACCES}},
      {"exec a directory", Do(Op::kExec), dir, 0, {Result::kRefused, EACCES}},
      {"exec nothing", Do(Op::kExec), here, 0, {Result::kAbsent, ENOENT}},
      {"mkdir", Do(Op::kMkdir), here, 0, {Result::kCreated, 0}},
      {"mkdir with a slash", Do(Op::kMkdir, 0, "x/"), here, 0, {Result::kCreated, 0}},
      {"mkdir over", Do(Op::kMkdir), file, 0, {Result::kFailed, EEXIST}},
      {"unlink", Do(Op::kUnlink), link, 0, {Result::kThere, 0}},
      {"unlink a directory", Do(Op::kUnlink), dir, 0, {Result::kFailed, EISDIR}},
      {"unlinkat a directory", Do(Op::kUnlink, AT_REMOVEDIR), dir, 0, {Result::kThere, 0}},
      {"rmdir a file", Do(Op::kRmdir), file, 0, {Result::kAbsent, ENOTDIR}},
      {"stat", Do(Op::kStat), file, EACCES, {Result::kThere, 0}},
      {"readlink of a file", Do(Op::kReadlink), file, 0, {Result::kFailed, EINVAL}},
      {"chdir to a file", Do(Op::kChdir), file, 0, {Result::kAbsent, ENOTDIR}},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Predict(c.intent, &c.what, nullptr, Fixed(c.permission)), c.want) << c.name;
  }
  Intent refused = Do(Op::kForbidden);
  refused.refuse = EPERM;
  EXPECT_EQ(Predict(refused, nullptr, nullptr, Fixed(0)), (Prediction{Result::kRefused, EPERM}));
  EXPECT_EQ(Predict(Do(Op::kConnect), nullptr, nullptr, Fixed(0)).result, Result::kUnknown);
}

TEST(Predict, ARenameOrLinkToAFreeNameCreatesIt) {
  const Resolved file = Is(S_IFREG | 0644);
  Resolved here = Not(ENOENT, true);
  Resolved other = Is(S_IFREG | 0644);
  here.path = other.path = "/d/y";
  for (const Op op : {Op::kRename, Op::kLink}) {
    Intent intent = Do(op);
    intent.paths.push_back({AT_FDCWD, "y", false, false});
    EXPECT_EQ(Predict(intent, &file, &here, Fixed(0)), (Prediction{Result::kCreated, 0})) << OpName(op);
  }
  Intent over = Do(Op::kRename);
  over.paths.push_back({AT_FDCWD, "y", false, false});
  EXPECT_EQ(Predict(over, &file, &other, Fixed(0)), (Prediction{Result::kThere, 0}));
}

TEST(Predict, ADirectoryThatCannotBeLookedIntoLeavesItOpenWhetherItGoes) {
  const Resolved dir = Is(S_IFDIR | 0755);
  Resolved other = dir;
  other.path = "/d/y";
  Intent over = Do(Op::kRename);
  over.paths.push_back({AT_FDCWD, "y", false, false});
  const struct {
    int look;
    Prediction want;
  } kCases[] = {{0, {Result::kThere, 0}},
                {ENOTEMPTY, {Result::kFailed, ENOTEMPTY}},
                {EBUSY, {Result::kFailed, EBUSY}},
                {ESRCH, {Result::kUnknown, ESRCH}}};
  for (const auto& c : kCases) {
    EXPECT_EQ(Predict(Do(Op::kRmdir), &dir, nullptr, Fixed(0, c.look)), c.want) << c.look;
    EXPECT_EQ(Predict(over, &dir, &other, Fixed(0, c.look)), c.want) << c.look;
  }
  over.flags = 2;  // RENAME_EXCHANGE: both may be full
  EXPECT_EQ(Predict(over, &dir, &other, Fixed(0, ENOTEMPTY)), (Prediction{Result::kThere, 0}));
  // Another object than the resolver saw has this name in our own view.
  Resolved elsewhere = Is(S_IFDIR | 0755);
  elsewhere.path = "/";
  EXPECT_EQ(OwnPermissions().CheckEmpty(elsewhere), ESRCH);
}

TEST(Predict, NamesChangeOnlyThroughDirectoriesAndLinks) {
  const Resolved file = Is(S_IFREG | 0644);
  const Resolved dir = Is(S_IFDIR | 0755);
  const Resolved link = Is(S_IFLNK | 0777);
  const Resolved here = Not(ENOENT, true);
  EXPECT_FALSE(ChangesNames(Do(Op::kUnlink), &file, nullptr));
  EXPECT_TRUE(ChangesNames(Do(Op::kUnlink), &link, nullptr));
  EXPECT_FALSE(ChangesNames(Do(Op::kRename), &file, &here));
  EXPECT_TRUE(ChangesNames(Do(Op::kRename), &dir, &here));
  EXPECT_TRUE(ChangesNames(Do(Op::kRename), &file, &link));
  EXPECT_TRUE(ChangesNames(Do(Op::kSymlink), &here, nullptr));
  EXPECT_TRUE(ChangesNames(Do(Op::kMkdir), &here, nullptr));
  EXPECT_FALSE(ChangesNames(Do(Op::kMkdir), &dir, nullptr));
  EXPECT_FALSE(ChangesNames(Do(Op::kOpen, O_CREAT), &here, nullptr));
}

// The real thing: predict, then make the call in a child and compare.
class PredictRealTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_EQ(chdir(dir_->path().c_str()), 0);
    Make();
  }
  void TearDown() override {
    chmod("shut", 0755);
    ASSERT_EQ(chdir("/"), 0);
  }
  static void Make() {
    for (const char* name : {"dir", "dir/in", "empty", "shut"}) ASSERT_EQ(mkdir(name, 0755), 0);
    ASSERT_OK(WriteFile("file", "x"));
    ASSERT_OK(WriteFile("other", "x"));
    ASSERT_OK(WriteFile("none", "x"));
    ASSERT_OK(WriteFile("shut/file", "x"));
    ASSERT_OK(WriteFile("prog", "#!/bin/true\n"));
    chmod("none", 0);
    chmod("prog", 0755);
    chmod("shut", 0500);
    for (const auto& [text, name] :
         {std::pair{"file", "link"}, {"dir", "dlink"}, {"gone", "dangling"}, {"loop", "loop"}}) {
      ASSERT_EQ(symlink(text, name), 0);
    }
  }
  // errno of the call in a child, whose effects are undone by nobody: the caller makes the tree anew.
  static int InChild(const std::function<long()>& call) {
    const pid_t pid = fork();
    if (pid == 0) _exit(call() < 0 ? errno : 0);
    int status = 0;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
  }
  void Compare(const Intent& intent, const std::function<long()>& call, const std::string& what) {
    const auto resolver = MakeResolver();
    std::vector<Resolved> found;
    for (const PathRef& ref : intent.paths) found.push_back(resolver->Resolve(getpid(), getpid(), ref));
    const Prediction p = Predict(intent, &found[0], found.size() > 1 ? &found[1] : nullptr);
    const int error = InChild(call);
    EXPECT_EQ(p.error, error) << what << ": predicted " << ErrnoName(p.error) << ", got " << ErrnoName(error);
    EXPECT_EQ(p.result == Result::kThere || p.result == Result::kCreated, error == 0) << what;
  }
  std::unique_ptr<TempDir> dir_;
};

const char* const kPaths[] = {"file",      "file/",     "file/x",      "dir",    "dir/",     "dir/new",
                              "new",       "new/",      "new/x",       "link",   "link/",    "dlink",
                              "dlink/",    "dangling",  "loop",        "loop/x", "none",     "prog",
                              "shut/file", "shut/new",  ".",           "..",     "dlink/in", "dangling/x",
                              "dir/in/..", "/dev/null", "/dev/null/x", "/",      "empty",    "empty/",
                              "empty/.",   "dir/..",    "dir/in",      "./",     "file/.",   "dangling/"};

TEST_F(PredictRealTest, OpensMeetWhatWasPredicted) {
  for (const int flags :
       {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_CREAT, O_WRONLY | O_CREAT | O_TRUNC,
        O_RDWR | O_CREAT | O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_PATH | O_NOFOLLOW,
        O_NOFOLLOW | O_DIRECTORY, O_CREAT, O_RDONLY | O_TRUNC, O_NOFOLLOW | O_CREAT | O_WRONLY}) {
    for (const char* path : kPaths) {
      Intent intent = Do(Op::kOpen, static_cast<uint64_t>(flags), path);
      intent.paths[0].follow =
          (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
      const bool was = ::access(path, F_OK) == 0;
      const bool dangling_was = ::access("gone", F_OK) == 0;
      Compare(
          intent, [&] { return open(path, flags | O_CLOEXEC, 0644); },
          absl::StrCat("open ", path, " flags ", flags));
      if (!was && ::access(path, F_OK) == 0) unlink(path);
      if (!dangling_was) unlink("gone");
    }
  }
}

TEST_F(PredictRealTest, ExecsMeetWhatWasPredicted) {
  for (const char* path : kPaths) {
    Compare(
        Do(Op::kExec, 0, path),
        [&] {
          char* const argv[] = {const_cast<char*>(path), nullptr};
          return execve(path, argv, nullptr);
        },
        absl::StrCat("execve ", path));
  }
}

TEST_F(PredictRealTest, ChangesMeetWhatWasPredicted) {
  const struct {
    Op op;
    uint64_t flags;
    bool follow;
    std::function<long(const char*)> call;
  } kCalls[] = {
      {Op::kMkdir, 0, false, [](const char* p) { return mkdir(p, 0755); }},
      {Op::kSymlink, 0, false, [](const char* p) { return symlink("x", p); }},
      {Op::kMknod, 0, false, [](const char* p) { return mknod(p, S_IFIFO | 0644, 0); }},
      {Op::kUnlink, 0, false, [](const char* p) { return unlink(p); }},
      {Op::kUnlink, AT_REMOVEDIR, false, [](const char* p) { return unlinkat(AT_FDCWD, p, AT_REMOVEDIR); }},
      {Op::kRmdir, 0, false, [](const char* p) { return rmdir(p); }},
      {Op::kTruncate, 0, true, [](const char* p) { return truncate(p, 0); }},
      {Op::kStat, 0, true,
       [](const char* p) {
         struct stat st;
         return stat(p, &st);
       }},
      {Op::kStat, 0, false,
       [](const char* p) {
         struct stat st;
         return lstat(p, &st);
       }},
      {Op::kReadlink, 0, false,
       [](const char* p) {
         char b[9];
         return readlink(p, b, 9);
       }},
      {Op::kChdir, 0, true, [](const char* p) { return chdir(p); }},
  };
  for (const auto& c : kCalls) {
    for (const char* path : kPaths) {
      const std::string text = path;
      // Left out: changes of the machine itself.
      if (text[0] == '/' && c.op != Op::kStat && c.op != Op::kReadlink && c.op != Op::kChdir) continue;
      Intent intent = Do(c.op, c.flags, path);
      intent.paths[0].follow = c.follow;
      Compare(
          intent, [&] { return c.call(path); }, absl::StrCat(OpName(c.op), " ", path));
      chmod("shut", 0755);
      ASSERT_EQ(chdir("/"), 0);
      SetUp();
    }
  }
}

// What no name leads to is asked through the descriptor.
TEST_F(PredictRealTest, OpensThroughDescriptorsMeetWhatWasPredicted) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int memory = memfd_create("memory", 0);
  const int unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
  const int removed = open("other", O_RDWR);
  fchmod(removed, 0700);
  unlink("other");
  const int shut = open("none", O_RDONLY | O_PATH);
  for (const int fd : {ends[0], ends[1], memory, unnamed, removed, shut}) {
    const std::string path = absl::StrCat("/proc/self/fd/", fd);
    for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT}) {
      Compare(
          Do(Op::kOpen, static_cast<uint64_t>(flags), path),
          [&] { return open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0600); },
          absl::StrCat("open ", path, " flags ", flags));
    }
  }
  Intent execute = Do(Op::kExec, AT_EMPTY_PATH, "");
  execute.paths[0].dirfd = removed;
  execute.paths[0].empty_path = true;
  const auto resolver = MakeResolver();
  const Resolved found = resolver->Resolve(getpid(), getpid(), execute.paths[0]);
  EXPECT_EQ(Predict(execute, &found, nullptr).result, Result::kThere);
  for (const int fd : {ends[0], ends[1], memory, unnamed, removed, shut}) close(fd);
}

// Nothing can be made in a directory that was removed under whoever stands in it, and it lists nothing.
TEST_F(PredictRealTest, CallsInARemovedDirectoryMeetWhatWasPredicted) {
  const std::string file = dir_->path() + "/file";
  ASSERT_EQ(chdir("empty"), 0);
  ASSERT_EQ(rmdir("../empty"), 0);
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  ASSERT_GE(here, 0);
  Compare(
      Do(Op::kOpen, O_CREAT | O_WRONLY, "new"), [] { return open("new", O_CREAT | O_WRONLY, 0600); }, "open");
  Compare(
      Do(Op::kMkdir, 0, "new"), [] { return mkdir("new", 0700); }, "mkdir");
  Compare(
      Do(Op::kSymlink, 0, "new"), [] { return symlink("x", "new"); }, "symlink");
  Intent move = Do(Op::kRename, 0, file);
  move.paths.push_back({AT_FDCWD, "new", false, false});
  Compare(
      move, [&] { return rename(file.c_str(), "new"); }, "rename");
  move.op = Op::kLink;
  Compare(
      move, [&] { return link(file.c_str(), "new"); }, "link");
  Intent list = Do(Op::kList, 0, "");
  list.paths[0].dirfd = here;
  list.paths[0].empty_path = true;
  Compare(
      list,
      [&] {
        char entries[512];
        return syscall(SYS_getdents64, here, entries, sizeof(entries));
      },
      "getdents64");
  close(here);
}

TEST_F(PredictRealTest, RenamesAndLinksMeetWhatWasPredicted) {
  const char* const kNames[] = {"file",     "other",    "dir",       "empty",  "link", "dangling", "new",
                                "no/new",   "shut/new", "shut/file", "file/x", ".",    "dir/..",   "dir/in",
                                "dir/in/x", "dir/",     "dlink/",    "new/",   "link/"};
  const std::function<long(const char*, const char*)> kCalls[] = {
      [](const char* from, const char* to) { return rename(from, to); },
      [](const char* from, const char* to) { return link(from, to); },
      [](const char* from, const char* to) {
        return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
      }};
  for (size_t i = 0; i < 3; ++i) {
    const Op op = i == 1 ? Op::kLink : Op::kRename;
    for (const char* from : kNames) {
      // What the flag changes shows with any of these.
      if (i == 2 &&
          !testing::Matcher<std::string>(testing::AnyOf("file", "dir/", "link/", "no/new")).Matches(from))
        continue;
      for (const char* to : kNames) {
        Intent intent = Do(op, i == 2 ? RENAME_NOREPLACE : 0, from);
        intent.paths.push_back({AT_FDCWD, to, false, false});
        intent.paths[0].follow = false;
        Compare(
            intent, [&] { return kCalls[i](from, to); },
            absl::StrCat(OpName(op), " ", from, " ", to, i == 2 ? " (no replace)" : ""));
        chmod("shut", 0755);
        ASSERT_EQ(chdir("/"), 0);
        SetUp();
      }
    }
  }
}

}  // namespace
}  // namespace glovebox::trace
