#include "kernel/host.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/landlock.h"
#include "kernel/test_filter.h"

namespace glovebox::kernel {
namespace {

TEST(ProbeHost, FindsWhatThisHostCan) {
  const HostFeatures host = ProbeHost();
  EXPECT_FALSE(host.release.empty());
  EXPECT_EQ(host.landlock_abi, LandlockAbi());
  if (host.listener_above || !host.notify) GTEST_SKIP() << "a listener is above us, or there is no seccomp";
  EXPECT_FALSE(host.outer_supervisor);
  // Whoever can do the later can do the earlier (5.14, 5.19, 6.6, 6.11).
  if (host.receive_ends) {
    EXPECT_TRUE(host.sync_wake_up);
  }
  if (host.sync_wake_up) {
    EXPECT_TRUE(host.wait_killable);
  }
  if (host.wait_killable) {
    EXPECT_TRUE(host.addfd_send);
  }
  EXPECT_EQ(ProbeHost(), host) << "the answer changes from one call to the next";
}

TEST(ProbeHost, TheProcOfAnotherPidNamespaceIsForeign) {
  EXPECT_FALSE(ProbeHost().foreign_proc);
  constexpr int kNoNamespaces = 77;
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(geteuid() == 0 ? CLONE_NEWPID : CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(kNoNamespaces);
    const pid_t first = fork();  // the first of the new namespace
    if (first == 0) _exit(getpid() == 1 && ProbeHost().foreign_proc ? 0 : 1);
    int status = 0;
    _exit(waitpid(first, &status, 0) == first && status == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoNamespaces) GTEST_SKIP() << "no pid namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProbeHost, WorksBesideOtherThreadsAndLeavesNoChild) {
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    while (!stop) delete[] new char[1000];
  });
  ProbeHost();
  stop = true;
  busy.join();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// The processes of a session that still run, by /proc/PID/stat (proc(5): state, ppid, pgrp, session).
std::vector<pid_t> RunningInSession(pid_t session) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = atoi(entry.path().filename().c_str());
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (pid <= 0 || !std::getline(file, text)) continue;
    std::istringstream rest(text.substr(text.rfind(')') + 1));
    char state = 0;
    pid_t parent = 0, group = 0, its_session = 0;
    rest >> state >> parent >> group >> its_session;
    if (its_session == session && state != 'Z' && state != 'X') found.push_back(pid);
  }
  return found;
}

TEST(ProbeHost, KilledAtAnyMomentItLeavesNothingWaiting) {
  std::minstd_rand random(1);
  for (int round = 0; round < 60; ++round) {
    const pid_t session = fork();
    if (session == 0) {
      setsid();
      while (true) ProbeHost();
    }
    usleep(4000 + static_cast<useconds_t>(random() % 12000));
    // First one of its children, then itself.
    for (const pid_t pid : RunningInSession(session)) {
      if (pid != session && random() % 2 == 0) kill(pid, SIGKILL);
    }
    kill(session, SIGKILL);
    waitpid(session, nullptr, 0);
    std::vector<pid_t> left = RunningInSession(session);
    for (int i = 0; i < 400 && !left.empty(); ++i) {
      usleep(10000);
      left = RunningInSession(session);
    }
    EXPECT_TRUE(left.empty()) << "round " << round;
    for (const pid_t pid : left) kill(pid, SIGKILL);
  }
}

TEST(ProbeHost, AListenerAboveIsToldAndAnUnansweredAnnouncementDoesNotHang) {
  if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  // The child loads a filter that notifies openat, and nobody serves it. What ProbeHost itself needs to open
  // (yama's file) would wait as well: so only the announcement is notified, told by its flags.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int listener = LoadTestFilter({{SYS_openat, 2, O_RDWR | O_CLOEXEC}});
    const HostFeatures host = listener >= 0 ? ProbeHost() : HostFeatures();
    const bool good = host.listener_above && !host.outer_supervisor && host.notify && !host.addfd_send;
    if (write(ends[1], good ? "y" : "n", 1) != 1) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  char answer = 0;
  EXPECT_EQ(read(ends[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  close(ends[0]);
  waitpid(child, nullptr, 0);
}

TEST(ProbeHost, AnAnsweredAnnouncementIsAnOuterSupervisor) {
  if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  FilteredChild child({{SYS_openat, 2, O_RDWR | O_CLOEXEC}}, [] {
    const HostFeatures host = ProbeHost();
    return host.listener_above && host.outer_supervisor ? 0 : 1;
  });
  ASSERT_TRUE(child.Valid());
  int calls = 0;
  child.Serve([&](NotifyListener& listener, const seccomp_notif& call) {
    ++calls;
    EXPECT_EQ(listener.AnswerWithFd(call.id, 0, true), 0);
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(child.ExitStatus(), 0);
}

}  // namespace
}  // namespace glovebox::kernel
