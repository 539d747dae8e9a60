#include "trace/cgroup.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/proc_task.h"
#include "trace/process_usage.h"

namespace glovebox::trace {
namespace {

constexpr char kV1Mounts[] =
    "30 20 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
    "31 30 0:27 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory\n"
    "32 30 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr char kV2Mount[] = "31 30 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(GroupPlaces, EachControllerIsFoundInItsHierarchy) {
  const GroupPlaces v1 = ParseGroupPlaces("8:pids:/\n4:memory:/a/b\n0::/user.slice\n", kV1Mounts);
  EXPECT_EQ(v1.processes.version, 1);
  EXPECT_EQ(v1.processes.directory(), "/sys/fs/cgroup/pids");
  EXPECT_EQ(v1.memory.directory(), "/sys/fs/cgroup/memory/a/b");

  const GroupPlaces v2 = ParseGroupPlaces("0::/user.slice/session-1.scope\n", kV2Mount);
  EXPECT_EQ(v2.memory.version, 2);
  EXPECT_EQ(v2.processes.directory(), "/sys/fs/cgroup/user.slice/session-1.scope");
}

TEST(GroupPlaces, AContainerSeesItsOwnGroupAsTheRoot) {
  const GroupPlaces places =
      ParseGroupPlaces("8:pids:/docker/1f\n4:memory:/docker/1f/x\n",
                       "32 30 0:28 /docker/1f /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
                       "33 30 0:27 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  EXPECT_EQ(places.processes.directory(), "/sys/fs/cgroup/pids");
  EXPECT_EQ(places.memory.directory(), "/sys/fs/cgroup/memory/x");
}

TEST(GroupPlaces, WhatCannotBeReachedIsNone) {
  const char* const nowhere[][2] = {
      {"", ""},
      {"8:pids:/\n", ""},
      {"8:pids:/other\n", "32 30 0:28 /docker/1f /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"},
      {"8:pids:/docker/1fx\n", "32 30 0:28 /docker/1f /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"},
      {"0::/../other\n", kV2Mount},
      {"garbage\n::\n8:pids\n", "32\n- \n - cgroup\n"},
  };
  for (const auto& [groups, mounts] : nowhere) {
    EXPECT_EQ(ParseGroupPlaces(groups, mounts).processes.version, 0) << groups;
  }
}

class GroupTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("cgroup-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }
  // A directory that looks like a group.
  std::string Tree(const std::string& path, const std::string& controllers) {
    const std::string directory = dir_->path() + path;
    EXPECT_OK(MakeDirectories(directory));
    EXPECT_OK(WriteFile(directory + "/cgroup.procs", ""));
    EXPECT_OK(WriteFile(directory + "/cgroup.subtree_control", controllers));
    return directory;
  }
  GroupPlace Place(int version, const std::string& path) { return {version, dir_->path(), path}; }
  std::unique_ptr<TempDir> dir_;
};

TEST_F(GroupTreeTest, RootMakesNoneInAnothersGroupUnlessItWasDelegated) {
  Tree("", "memory pids\n");
  Tree("/manager/job", "");
  EXPECT_EQ(UsablePlaces({.memory = {}, .processes = Place(1, "/")}).processes.version, 1);
  const int there = UsablePlaces({.memory = {}, .processes = Place(1, "/manager/job")}).processes.version;
  EXPECT_EQ(there, geteuid() == 0 ? 0 : 1) << "a user may where the modes allow it";
}

TEST_F(GroupTreeTest, InVersion2TheGroupStandsBesideOursWhereTheControllersAreHandedDown) {
  Tree("", "cpu memory\n");
  Tree("/ours", "");
  const GroupPlaces usable = UsablePlaces({.memory = Place(2, "/ours"), .processes = Place(2, "/ours")});
  EXPECT_EQ(usable.memory.directory(), dir_->path());
  EXPECT_EQ(usable.processes.version, 0) << "pids is not handed down";
}

TEST_F(GroupTreeTest, WhereTheKernelMakesNoFilesThereIsNoGroupAndNothingIsLeft) {
  Tree("", "memory pids\n");
  const GroupPlaces places = {.memory = Place(2, "/"), .processes = Place(2, "/")};
  policy::Budget budget;
  budget.processes = 7;
  budget.memory_bytes = 1000;
  EXPECT_EQ(ActionGroup::Make(places, budget), nullptr);
  EXPECT_EQ(ActionGroup::Make(places, {}), nullptr) << "no bound";
  for (const auto& entry : std::filesystem::directory_iterator(dir_->path()))
    EXPECT_FALSE(entry.is_directory()) << entry;
}

TEST_F(GroupTreeTest, OnlyGroupsOfTheDeadAreRemoved) {
  struct stat space;
  ASSERT_EQ(stat("/proc/self/ns/pid", &space), 0);
  ProcStat self;
  ASSERT_TRUE(ReadProcStat(getpid(), &self));
  const std::string ns = absl::StrCat(space.st_ino);
  const std::string living = absl::StrCat("/glovebox-", ns, "-", getpid(), "-", self.start, "-1");
  const std::string dead = absl::StrCat("/glovebox-", ns, "-", getpid(), "-", self.start - 1, "-1");
  const std::string elsewhere = absl::StrCat("/glovebox-", space.st_ino + 1, "-2-3-4");
  for (const std::string& name : {living, dead, elsewhere, std::string("/glovebox-x"), std::string("/other")})
    ASSERT_OK(MakeDirectories(dir_->path() + name));
  EXPECT_EQ(RemoveStaleGroups(dir_->path()), 1u);
  EXPECT_FALSE(std::filesystem::exists(dir_->path() + dead));
  for (const std::string& name : {living, elsewhere, std::string("/glovebox-x"), std::string("/other")})
    EXPECT_TRUE(std::filesystem::exists(dir_->path() + name)) << name;
}

// With the kernel's pids controller, where it may be used.
class RealGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    places_ = UsablePlaces(OwnPlaces());
    if (places_.processes.version == 0) GTEST_SKIP() << "no pids controller that may be used here";
  }
  GroupPlaces places_;
};

TEST_F(RealGroupTest, CountsHoldsEndsAndGoesAway) {
  policy::Budget budget;
  budget.processes = 5;
  auto group = ActionGroup::Make(places_, budget);
  ASSERT_NE(group, nullptr);
  const pid_t child = fork();
  if (child == 0) {
    group->Enter();
    for (int i = 0; i < 20; ++i) {
      if (fork() == 0) {
        setsid();
        for (;;) pause();
      }
    }
    for (;;) pause();
  }
  for (int i = 0; i < 500 && !group->Read().tasks_over; ++i) usleep(2000);
  const ActionGroup::Usage usage = group->Read();
  EXPECT_TRUE(usage.tasks_over);
  EXPECT_EQ(usage.peak_tasks, 5u);
  const std::string parent = places_.processes.directory();
  const auto groups = [&parent] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(parent))
      count += entry.path().filename().string().find(absl::StrCat("-", getpid(), "-")) != std::string::npos;
    return count;
  };
  EXPECT_EQ(groups(), 1u);
  group.reset();
  EXPECT_EQ(groups(), 0u);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(RealGroupTest, WhatAKilledOwnerLeftIsEndedByTheNext) {
  policy::Budget budget;
  budget.processes = 5;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    auto group = ActionGroup::Make(places_, budget);
    pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    if (group == nullptr || !group->Take(child)) child = 0;
    (void)!write(ends[1], &child, sizeof child);
    for (;;) pause();
  }
  pid_t left = 0;
  ASSERT_EQ(read(ends[0], &left, sizeof left), static_cast<ssize_t>(sizeof left));
  ASSERT_NE(left, 0);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  ProcStat stat;
  EXPECT_TRUE(ReadProcStat(left, &stat) && !IsGone(stat));
  EXPECT_NE(ActionGroup::Make(places_, budget), nullptr);
  EXPECT_TRUE(!ReadProcStat(left, &stat) || IsGone(stat));
  close(ends[0]);
  close(ends[1]);
}

TEST(ActionMembers, ADaemonStaysAMemberWhenItsParentsAreGone) {
  const pid_t root = fork();
  if (root == 0) {
    if (fork() == 0) {
      setsid();
      usleep(100'000);
      if (fork() == 0) {
        for (int i = 0; i < 500; ++i) usleep(10'000);
      }
      usleep(150'000);
      _exit(0);
    }
    for (;;) pause();
  }
  ActionMembers members(root, true, nullptr);
  uint64_t most = 0;
  uint64_t tasks = 0;
  std::vector<pid_t> last;
  AllStats all;
  for (int i = 0; i < 1000 && (most < 3 || tasks > 2); ++i) {
    all = AllProcesses();
    last = members.Among(all);
    tasks = UsageOf(all, last).tasks;
    most = std::max(most, tasks);
    usleep(2000);
  }
  EXPECT_EQ(most, 3u);
  EXPECT_EQ(tasks, 2u) << "the one between has gone";
  for (const pid_t pid : last) EXPECT_NE(pid, getpid());
  EXPECT_EQ(KillAmong(all, last), 2u);
  waitpid(root, nullptr, 0);
}

}  // namespace
}  // namespace glovebox::trace
