#include "verify/callers.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_log.h"

namespace glovebox::verify {
namespace {

using access::ProcessBegin;
using testing::ElementsAre;
using testing::IsEmpty;

class CallersTest : public testing::Test {
 protected:
  CallersTest() { log_.Test(1, "a"); }

  // Process `pid` is seen for the first time.
  void Made(int32_t pid, int32_t parent, const std::string& program) {
    log_.Add(ProcessBegin{1, ++now_, pid, parent, program});
  }
  Evidence Call(int32_t pid) {
    Evidence evidence;
    evidence.call = "openat";
    evidence.pid = pid;
    evidence.time_ns = ++now_;
    return evidence;
  }
  std::vector<Caller> CallersOf(const Evidence& evidence) {
    std::vector<Finding> findings(1);
    findings[0].evidence = evidence;
    TellCallers(log_.AsInput(), &findings);
    return findings[0].evidence.callers;
  }

  TestLog log_;
  uint64_t now_ = 0;
};

TEST_F(CallersTest, FromProcessToProcessUpToTheFirst) {
  Made(12, 11, "/usr/bin/make");
  Made(13, 12, "/usr/bin/dash");
  EXPECT_THAT(CallersOf(Call(13)), ElementsAre(Caller{12, "/usr/bin/dash"}, Caller{11, "/usr/bin/make"}));
  EXPECT_THAT(CallersOf(Call(12)), ElementsAre(Caller{11, "/usr/bin/make"}));
  EXPECT_THAT(CallersOf(Call(11)), IsEmpty());
}

TEST_F(CallersTest, ANumberThatCameRoundIsWhoHadItThen) {
  Made(12, 11, "/usr/bin/dash");
  const Evidence first = Call(12);
  Made(12, 20, "/usr/bin/perl");
  EXPECT_THAT(CallersOf(first), ElementsAre(Caller{11, "/usr/bin/dash"}));
  EXPECT_THAT(CallersOf(Call(12)), ElementsAre(Caller{20, "/usr/bin/perl"}));
}

TEST_F(CallersTest, ACircleOfNobodysMakingEnds) {
  for (int32_t pid = 12; pid < 14; ++pid) {
    log_.Add(ProcessBegin{1, 5, pid, 25 - pid, "/usr/bin/dash"});
  }
  now_ = 5;
  EXPECT_EQ(CallersOf(Call(12)).size(), 64u);
}

TEST_F(CallersTest, WhatNoCallShowsHasNone) {
  Made(12, 11, "/usr/bin/dash");
  EXPECT_THAT(CallersOf(Evidence()), IsEmpty());
}

}  // namespace
}  // namespace glovebox::verify
