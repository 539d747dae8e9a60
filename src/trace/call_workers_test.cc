#include "trace/call_workers.h"

#include <unistd.h>

#include <cerrno>
#include <future>
#include <thread>

#include "gtest/gtest.h"
#include "kernel/fake_notify.h"

namespace glovebox::trace {
namespace {

constexpr int kLongMs = 10'000;

CallResult Answer42(const CallWorkers::Wanted&) { return {42, 0}; }

// Waits in the kernel for what never comes.
CallResult WaitForEver(const CallWorkers::Wanted& wanted) {
  while (wanted()) pause();
  return {0, EINTR};
}

TEST(CallWorkers, WhatIsDoneSoonIsHandedBack) {
  kernel::FakeNotify listener;
  CallWorkers workers(&listener);
  const auto result = workers.Run(listener.Push({}), kLongMs, Answer42);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->value, 42);
  EXPECT_TRUE(listener.given().empty()) << "who asked answers";
  EXPECT_EQ(workers.running(), 0u);
}

TEST(CallWorkers, WhatTakesLongAnswersByItself) {
  kernel::FakeNotify listener;
  CallWorkers workers(&listener);
  std::promise<void> go;
  const uint64_t id = listener.Push({});
  const auto result = workers.Run(id, 1, [future = go.get_future().share()](const CallWorkers::Wanted&) {
    future.wait();
    return CallResult{0, ECONNREFUSED};
  });
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(workers.running(), 1u);
  go.set_value();
  ASSERT_TRUE(listener.WaitForAnswers(1));
  EXPECT_EQ(listener.given()[0].id, id);
  EXPECT_EQ(listener.given()[0].error, ECONNREFUSED);
}

TEST(CallWorkers, WhatNobodyWaitsForAnyMoreIsEnded) {
  kernel::FakeNotify listener;
  CallWorkers workers(&listener);
  const uint64_t id = listener.Push({});
  EXPECT_FALSE(workers.Run(id, 1, WaitForEver).has_value());
  listener.Kill(id);
  while (workers.running() != 0) std::this_thread::yield();
  EXPECT_TRUE(listener.given().empty());
}

TEST(CallWorkers, WhoComesBeyondTheirNumberIsTurnedAwayAndAllEndWithThem) {
  kernel::FakeNotify listener;
  CallWorkers workers(&listener);
  for (size_t i = 0; i < CallWorkers::kMost; ++i) {
    EXPECT_FALSE(workers.Run(listener.Push({}), 0, WaitForEver).has_value());
  }
  const auto result = workers.Run(listener.Push({}), kLongMs, Answer42);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error, ENOBUFS);
}

}  // namespace
}  // namespace glovebox::trace
