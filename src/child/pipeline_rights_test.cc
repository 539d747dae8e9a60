// Limits and capabilities (rows 17, 21 and 22), as the program that was started has them.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>

#include "child/test_support.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

constexpr uint32_t kChown = 0, kKill = 5, kSysResource = 24;
constexpr uint64_t Bit(uint32_t capability) { return uint64_t{1} << capability; }

struct Sets {
  uint64_t effective, permitted, inheritable;
};

Sets Mine() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  syscall(SYS_capget, &header, data);
  const auto whole = [&](auto member) { return data[0].*member | uint64_t{data[1].*member} << 32; };
  return {whole(&__user_cap_data_struct::effective), whole(&__user_cap_data_struct::permitted),
          whole(&__user_cap_data_struct::inheritable)};
}

// Makes CAP_CHOWN and CAP_KILL inheritable and ambient in the calling process, which has them.
void RaiseAmbient() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  bool raised = syscall(SYS_capget, &header, data) == 0;
  data[0].inheritable |= static_cast<uint32_t>(Bit(kChown) | Bit(kKill));
  raised = raised && syscall(SYS_capset, &header, data) == 0;
  for (const uint32_t capability : {kChown, kKill}) {
    raised = raised && prctl(PR_CAP_AMBIENT, static_cast<unsigned long>(PR_CAP_AMBIENT_RAISE),
                             static_cast<unsigned long>(capability), 0UL, 0UL) == 0;
  }
  if (!raised) _exit(250);
}

// Each limit with a value that no other has, by the name that the kernel prints: a number that stands at the
// wrong name in our table would show.
struct Wish {
  Limit limit;
  int resource;
  uint64_t value;
  const char* line;  // of /proc/self/limits, around the two values
  const char* unit;
};
const Wish kWishes[] = {
    {Limit::kAs, RLIMIT_AS, (uint64_t{1} << 33) + 4096, "Max address space", " bytes"},
    {Limit::kCore, RLIMIT_CORE, 12288, "Max core file size", " bytes"},
    {Limit::kCpu, RLIMIT_CPU, 601, "Max cpu time", " seconds"},
    {Limit::kData, RLIMIT_DATA, (uint64_t{1} << 33) + 8192, "Max data size", " bytes"},
    {Limit::kFsize, RLIMIT_FSIZE, (uint64_t{1} << 33) + 16384, "Max file size", " bytes"},
    {Limit::kMemlock, RLIMIT_MEMLOCK, 61440, "Max locked memory", " bytes"},
    {Limit::kMsgqueue, RLIMIT_MSGQUEUE, 700001, "Max msgqueue size", " bytes"},
    {Limit::kNice, RLIMIT_NICE, 7, "Max nice priority", ""},
    {Limit::kNofile, RLIMIT_NOFILE, 65, "Max open files", " files"},
    {Limit::kNproc, RLIMIT_NPROC, 4001, "Max processes", " processes"},
    {Limit::kRtprio, RLIMIT_RTPRIO, 5, "Max realtime priority", ""},
    {Limit::kRttime, RLIMIT_RTTIME, 950001, "Max realtime timeout", " us"},
    {Limit::kSigpending, RLIMIT_SIGPENDING, 1001, "Max pending signals", " signals"},
    {Limit::kStack, RLIMIT_STACK, uint64_t{7} << 20, "Max stack size", " bytes"},
};
static_assert(sizeof kWishes / sizeof kWishes[0] == kLimitCount);

TEST(Rows17And22, EveryLimitIsSetAtItsTime) {
  const bool may_raise = (Mine().effective & Bit(kSysResource)) != 0;
  for (const bool early : {true, false}) {
    Session session;
    if (early) session.plan().flags |= kRestrictPrlimit;
    std::vector<std::string> expected;
    for (const Wish& wish : kWishes) {
      rlimit64 now{};
      ASSERT_EQ(syscall(SYS_prlimit64, 0, wish.resource, nullptr, &now), 0);
      uint64_t value = wish.value;
      if (!may_raise) value = std::min<uint64_t>(value, now.rlim_max == 0 ? 0 : now.rlim_max - 1);
      EXPECT_EQ(kLimits[static_cast<uint32_t>(wish.limit)].resource, wish.resource) << wish.line;
      // Where it is 0 already and may not be raised, nothing can change: NICE and RTPRIO of most users.
      EXPECT_TRUE(value != now.rlim_max || value == 0) << wish.line;
      session.buffer.SetLimit(wish.limit, value);
      const std::string text = " " + std::to_string(value);
      expected.push_back(wish.line + text + text + wish.unit);
    }
    const Outcome outcome = session.Run();
    EXPECT_EQ(outcome.error, "");
    for (const std::string& line : expected) EXPECT_TRUE(outcome.Has(line)) << line << "\n" << outcome.out;
  }
}

TEST(Rows17And22, ALimitThatIsNotNamedStaysAsItWas) {
  for (const bool early : {true, false}) {
    Session session;
    if (early) session.plan().flags |= kRestrictPrlimit;
    rlimit64 now{};
    ASSERT_EQ(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &now), 0);
    session.buffer.SetLimit(Limit::kCore, 0);
    const auto text = [](uint64_t value) {
      return value == RLIM64_INFINITY ? std::string(" unlimited") : " " + std::to_string(value);
    };
    const Outcome outcome = session.Run();
    EXPECT_TRUE(outcome.Has("Max open files" + text(now.rlim_cur) + text(now.rlim_max) + " files"));
    EXPECT_TRUE(outcome.Has("Max core file size 0 0 bytes"));
  }
}

struct Name {
  int resource;
  const char* name;
};

class LimitThatFails : public testing::TestWithParam<Name> {};

// Each is refused alone, early and late, where all fourteen are asked for.
TEST_P(LimitThatFails, IsNamed) {
  const Name& limit = GetParam();
  for (const bool early : {true, false}) {
    Session session;
    if (early) session.plan().flags |= kRestrictPrlimit;
    for (const Wish& wish : kWishes) {
      rlimit64 now{};
      ASSERT_EQ(syscall(SYS_prlimit64, 0, wish.resource, nullptr, &now), 0);
      session.buffer.SetLimit(wish.limit, now.rlim_max);  // which everybody may
    }
    session.in_child = [&](ChildContext&) {
      DenyHere(SYS_prlimit64, ENOTUNIQ, 1, static_cast<uint32_t>(limit.resource));
    };
    const Outcome outcome = session.Run();
    EXPECT_EQ(outcome.error,
              std::string("glovebox: cannot set the limit ") + limit.name + ": Name not unique on network\n");
    EXPECT_EQ(outcome.out, "");
    ASSERT_TRUE(WIFEXITED(outcome.status));
    EXPECT_EQ(WEXITSTATUS(outcome.status), ENOTUNIQ);
    ASSERT_EQ(outcome.failures.size(), 1u);
    EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kSetResourceLimits));
    EXPECT_EQ(kLimits[outcome.failures[0].detail].resource, limit.resource);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows17And22, LimitThatFails,
                         testing::Values(Name{RLIMIT_AS, "AS"}, Name{RLIMIT_CORE, "CORE"},
                                         Name{RLIMIT_CPU, "CPU"}, Name{RLIMIT_DATA, "DATA"},
                                         Name{RLIMIT_FSIZE, "FSIZE"}, Name{RLIMIT_MEMLOCK, "MEMLOCK"},
                                         Name{RLIMIT_MSGQUEUE, "MSGQUEUE"}, Name{RLIMIT_NICE, "NICE"},
                                         Name{RLIMIT_NOFILE, "NOFILE"}, Name{RLIMIT_NPROC, "NPROC"},
                                         Name{RLIMIT_RTPRIO, "RTPRIO"}, Name{RLIMIT_RTTIME, "RTTIME"},
                                         Name{RLIMIT_SIGPENDING, "SIGPENDING"}, Name{RLIMIT_STACK, "STACK"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Row21, TheCapabilitiesThatThePlanDoesNotKeepAreGone) {
  Session session;
  session.plan().flags |= kDropCapabilities;
  session.plan().capabilities = {0, 0, 0, 0, 0};
  if (geteuid() == 0) session.in_child = [](ChildContext&) { RaiseAmbient(); };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.error, "");
  for (const char* set : {"CapPrm", "CapEff", "CapInh", "CapAmb"}) {
    EXPECT_EQ(outcome.Value(set), "0000000000000000") << set;
  }
  if (geteuid() == 0) {
    EXPECT_EQ(outcome.Value("CapBnd"), "0000000000000000");
  }
}

class Row21AsRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "an ordinary user has none";
    session_.plan().flags |= kDropCapabilities;
    session_.in_child = [](ChildContext&) { RaiseAmbient(); };
  }
  static uint64_t Value(const Outcome& outcome, const char* set) {
    const std::string text = outcome.Value(set);
    return text.empty() ? 0 : std::stoull(text, nullptr, 16);
  }
  Session session_;
  const uint64_t both_ = Bit(kChown) | Bit(kKill);
};

TEST_F(Row21AsRoot, OneCapabilityCanBeDroppedAlone) {
  Session before;
  const uint64_t had = Value(before.Run(), "CapBnd");
  session_.plan().capabilities.keep_bounding = ~Bit(kChown);
  const Outcome outcome = session_.Run();
  EXPECT_EQ(Value(outcome, "CapBnd"), had & ~Bit(kChown));
  EXPECT_EQ(Value(outcome, "CapAmb"), both_) << "each set is dropped for itself";
}

TEST_F(Row21AsRoot, TheAmbientSetIsDroppedWhereTheOthersStay) {
  session_.plan().capabilities.keep_ambient = Bit(kKill);
  const Outcome outcome = session_.Run();
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(Value(outcome, "CapAmb"), Bit(kKill));
  EXPECT_EQ(Value(outcome, "CapInh") & both_, both_);
}

TEST_F(Row21AsRoot, TheInheritableSetIsDroppedWhereTheOthersStay) {
  session_.plan().capabilities.keep_inheritable = ~Bit(kChown);
  const Outcome outcome = session_.Run();
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(Value(outcome, "CapInh") & both_, Bit(kKill));
  EXPECT_EQ(Value(outcome, "CapAmb"), Bit(kKill))
      << "the kernel keeps nothing ambient that is not inheritable";
  EXPECT_NE(Value(outcome, "CapBnd") & Bit(kChown), 0u);
}

TEST_F(Row21AsRoot, AnAmbientCapabilityThatStaysIsAnError) {
  session_.plan().capabilities.keep_ambient = ~Bit(kKill);
  session_.in_child = [](ChildContext&) {
    RaiseAmbient();
    DenyAmbientHere(PR_CAP_AMBIENT_LOWER, EIO);
  };
  const Outcome outcome = session_.Run();
  EXPECT_EQ(outcome.error, "glovebox: cannot drop the capability CAP_KILL: Input/output error\n");
  EXPECT_EQ(outcome.out, "");
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kCapSet));
  EXPECT_EQ(outcome.failures[0].detail, kKill);
}

}  // namespace
}  // namespace glovebox::child
