// What names, mounts and owners decide, against what the kernel really answers.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "trace/predict_fixture.h"

namespace glovebox::trace {
namespace {

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

TEST_F(PredictRealTest, NamesAcrossMountsMeetWhatWasPredicted) {
  if (::access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "no second file system to write to";
  const std::string there = absl::StrCat("/dev/shm/glovebox-predict-", getpid());
  ASSERT_OK(WriteFile(there, "x"));
  for (const char* to : {"new", "other", "no/new", "dir"}) {
    for (const std::string& from : {there, std::string("link"), std::string("file"), there + "-no"}) {
      for (const bool back : {false, true}) {
        const std::string one = back ? to : from;
        const std::string two = back ? from : to;
        for (const Op op : {Op::kRename, Op::kLink}) {
          Compare(
              DoBoth(op, one, two),
              [&] {
                return op == Op::kLink ? link(one.c_str(), two.c_str()) : rename(one.c_str(), two.c_str());
              },
              absl::StrCat(OpName(op), " ", one, " ", two));
          ASSERT_EQ(chdir("/"), 0);
          SetUp();
        }
      }
    }
  }
  unlink(there.c_str());
}

TEST_F(PredictRealTest, AFileWithoutANameGetsOneOnlyWhereItWasMadeWithout) {
  const int removed = open("other", O_RDWR | O_CLOEXEC);
  ASSERT_EQ(unlink("other"), 0);
  const int unnamed = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  const int memory = memfd_create("memory", MFD_CLOEXEC);
  const int named = open("file", O_RDONLY | O_CLOEXEC);
  for (const int fd : {removed, unnamed, memory, named}) {
    if (fd < 0) continue;  // not every file system has O_TMPFILE
    const std::string path = absl::StrCat("/proc/self/fd/", fd);
    Intent intent = DoBoth(Op::kLink, path, "new");
    intent.paths[0].follow = true;
    Compare(
        intent, [&] { return linkat(AT_FDCWD, path.c_str(), AT_FDCWD, "new", AT_SYMLINK_FOLLOW); },
        absl::StrCat("link of ", fd == removed   ? "removed"
                                 : fd == unnamed ? "unnamed"
                                                 : path));
    unlink("new");
  }
  for (const int fd : {removed, unnamed, memory, named}) close(fd);
}

TEST_F(PredictRealTest, InAStickyDirectoryOnlyOwnersTakeNamesAway) {
  if (geteuid() != 0) GTEST_SKIP() << "needs files of two users";
  constexpr uid_t kSomebody = 65534;
  ASSERT_EQ(chmod(dir_->path().c_str(), 0777), 0);
  for (const bool owns_directory : {false, true}) {
    for (const mode_t mode : {01777u, 0777u}) {
      ASSERT_EQ(mkdir("sticky", 0777), 0);
      ASSERT_EQ(chmod("sticky", mode), 0);
      for (const char* name : {"sticky/mine", "sticky/theirs", "sticky/also-theirs"})
        ASSERT_OK(WriteFile(name, "x"));
      ASSERT_EQ(chown("sticky/mine", kSomebody, kSomebody), 0);
      ASSERT_EQ(chown("sticky", owns_directory ? kSomebody : 0, 0), 0);
      ASSERT_EQ(mkdir("sticky/dir", 0777), 0);
      ASSERT_EQ(seteuid(kSomebody), 0);
      const std::string how = absl::StrCat(owns_directory ? " of mine" : "", " mode ", mode);
      for (const char* name : {"sticky/mine", "sticky/theirs", "sticky/dir", "sticky/none"}) {
        for (const char* to : {"sticky/new", "sticky/mine", "sticky/also-theirs"}) {
          Compare(
              DoBoth(Op::kRename, name, to), [&] { return rename(name, to); },
              absl::StrCat("rename ", name, " ", to, how));
        }
        Compare(
            Do(Op::kUnlink, 0, name), [&] { return unlink(name); }, absl::StrCat("unlink ", name, how));
        Compare(
            Do(Op::kRmdir, 0, name), [&] { return rmdir(name); }, absl::StrCat("rmdir ", name, how));
      }
      ASSERT_EQ(seteuid(0), 0);
      std::filesystem::remove_all("sticky");
    }
  }
}

TEST_F(PredictRealTest, MountsMeetWhatWasPredicted) {
  for (const char* to : {"empty", "none/x", "gone", "file", "loop"}) {
    for (const char* from : {"dir", "gone", "file"}) {
      for (const unsigned long flags : {0ul, static_cast<unsigned long>(MS_BIND)}) {
        Intent intent = Do(Op::kMount, flags, to);
        intent.syscall = "mount";
        if (flags != 0) intent.paths.insert(intent.paths.begin(), {AT_FDCWD, from, true, false});
        Compare(
            intent,
            [&] {
              if (unshare(CLONE_NEWNS) == 0) mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
              // A type that is there whenever mounts are; not on a file.
              return mount(from, to, "tmpfs", flags, nullptr);
            },
            absl::StrCat("mount ", from, " ", to, " ", flags));
      }
    }
  }
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
