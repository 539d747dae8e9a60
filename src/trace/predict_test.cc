#include "trace/predict.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "trace/predict_fixture.h"

namespace glovebox::trace {
namespace {

class Fixed final : public Permissions {
 public:
  explicit Fixed(int error, int empty = 0) : error_(error), empty_(empty) {}
  int Check(const std::string&, const Resolved*, int) const override { return error_; }
  int CheckEmpty(const Resolved&) const override { return empty_; }
  int CheckOwner(const Resolved&) const override { return owner; }
  int CheckGive(const Resolved&, uid_t, gid_t) const override { return owner; }
  int CheckCapability(int, bool) const override { return owner; }
  int CheckMount(const Resolved&) const override { return mount; }
  int CheckSticky(const std::string&, const Resolved&) const override { return sticky; }
  int CheckSameMount(const std::string&, bool, const std::string&) const override { return apart; }
  int owner = 0;
  int mount = 0;
  int sticky = 0;
  int apart = 0;

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

TEST(Predict, StickyDirectoriesAndOtherMountsKeepNamesWhereTheyAre) {
  const Resolved file = Is(S_IFREG | 0644);
  Resolved here = Not(ENOENT, true);
  here.path = "/e/y";
  Fixed sticky(0);
  sticky.sticky = EPERM;
  Fixed apart(0);
  apart.apart = EXDEV;
  const Intent move = DoBoth(Op::kRename, "x", "y");
  EXPECT_EQ(Predict(Do(Op::kUnlink), &file, nullptr, sticky), (Prediction{Result::kRefused, EPERM}));
  EXPECT_EQ(Predict(move, &file, &here, sticky), (Prediction{Result::kRefused, EPERM}));
  EXPECT_EQ(Predict(move, &file, &here, apart), (Prediction{Result::kFailed, EXDEV}));
  const Intent link = DoBoth(Op::kLink, "x", "y");
  EXPECT_EQ(Predict(link, &file, &here, sticky), (Prediction{Result::kCreated, 0}));
  EXPECT_EQ(Predict(link, &file, &here, apart), (Prediction{Result::kFailed, EXDEV}));
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

}  // namespace
}  // namespace glovebox::trace
