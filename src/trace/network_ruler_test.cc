#include "trace/network_ruler.h"

#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/fake_memory.h"
#include "kernel/fake_notify.h"

namespace glovebox::trace {
namespace {

class NetworkRulerTest : public testing::Test {
 protected:
  NetworkRulerTest() {
    policy_.mode = policy::Mode::kEnforce;
    policy_.network.mode = policy::NetworkMode::kLoopback;
  }
  Ruling Ask(int number, std::vector<uint64_t> args, uint32_t arch) {
    seccomp_notif call = {};
    call.data.nr = number;
    call.data.arch = arch;
    std::copy(args.begin(), args.end(), call.data.args);
    const Intent intent = Decode(call, memory_);
    const auto ruler = MakeNetworkRuler({&policy_}, {&listener_, &memory_, nullptr}, nullptr);
    if (ruler == nullptr) return {};
    return ruler->Rule({call, {}, intent, nullptr, nullptr, {}, false});
  }

  policy::Policy policy_;
  kernel::FakeMemory memory_;
  kernel::FakeNotify listener_;
};

TEST_F(NetworkRulerTest, WhoseNetworkIsFreeHasNone) {
  EXPECT_NE(MakeNetworkRuler({&policy_}, {&listener_, &memory_, nullptr}, nullptr), nullptr);
  policy_.mode = policy::Mode::kObserve;
  EXPECT_EQ(MakeNetworkRuler({&policy_}, {&listener_, &memory_, nullptr}, nullptr), nullptr);
  policy_.mode = policy::Mode::kEnforce;
  policy_.network.mode = policy::NetworkMode::kAny;
  EXPECT_EQ(MakeNetworkRuler({&policy_}, {&listener_, &memory_, nullptr}, nullptr), nullptr);
}

TEST_F(NetworkRulerTest, GarbageAboveTheArgumentsOfASocketIsNoneOfThem) {
  const uint64_t high = uint64_t{1} << 32;
  const auto kind = [&](uint64_t domain, uint64_t type) {
    return Ask(SYS_socket, {domain, type, 0}, kernel::kNativeArch).kind;
  };
  EXPECT_EQ(kind(high | AF_INET, high | SOCK_STREAM), Ruling::Kind::kNone);
  EXPECT_EQ(kind(high | AF_PACKET, high | SOCK_STREAM), Ruling::Kind::kRefuse);
}

// Another thread can make it a connect() before the kernel looks.
TEST_F(NetworkRulerTest, WhatCannotBeToldDoesNotGoOn) {
  constexpr int kSocketcall = 102, kConnect = 3;
  const Ruling unreadable = Ask(kSocketcall, {kConnect, 16}, AUDIT_ARCH_I386);
  EXPECT_EQ(unreadable.kind, Ruling::Kind::kRefuse);
  EXPECT_EQ(unreadable.error, EFAULT);
  const Ruling strange = Ask(283, {3, 16, 16}, AUDIT_ARCH_ARM);
  EXPECT_EQ(strange.kind, Ruling::Kind::kRefuse);
  EXPECT_EQ(strange.error, ENOSYS);
  policy_.mode = policy::Mode::kReport;
  EXPECT_EQ(Ask(kSocketcall, {kConnect, 16}, AUDIT_ARCH_I386).kind, Ruling::Kind::kNone);
}

TEST_F(NetworkRulerTest, AnAddressThatCannotBeReadIsNotMade) {
  const Ruling ruling = Ask(SYS_connect, {0, 16, 16}, kernel::kNativeArch);
  EXPECT_EQ(ruling.kind, Ruling::Kind::kMade);
  EXPECT_EQ(ruling.error, EFAULT);
}

}  // namespace
}  // namespace glovebox::trace
