#include "trace/network_call.h"

#include <arpa/inet.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/fake_memory.h"

namespace glovebox::trace {
namespace {

constexpr char kAddress[] = "an address";
constexpr int kI386Sendmsg = 370, kI386Socketcall = 102;

seccomp_notif Call(int number, std::vector<uint64_t> args, uint32_t arch = kernel::kNativeArch) {
  seccomp_notif call = {};
  call.pid = 1;
  call.data.nr = number;
  call.data.arch = arch;
  std::copy(args.begin(), args.end(), call.data.args);
  return call;
}

template <typename Word>
std::string Words(std::initializer_list<uint64_t> values) {
  std::string bytes;
  for (const uint64_t value : values) {
    const Word word = static_cast<Word>(value);
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return bytes;
}

class NetworkCallTest : public testing::Test {
 protected:
  // struct msghdr of one part and one control message, in words of the caller's width.
  template <typename Word>
  uint64_t PutMessage() {
    const uint64_t data = memory_.Put("data");
    const uint64_t part = memory_.Put(Words<Word>({data, 4}));
    std::string control = Words<Word>({sizeof(Word) + 8 + 4});
    control += Words<uint32_t>({SOL_SOCKET, SCM_RIGHTS, 7});
    const uint64_t at = memory_.Put(control);
    const uint64_t name = memory_.Put(kAddress);
    return memory_.Put(Words<Word>({name, 10, part, 1, at, control.size(), 0}));
  }
  NetworkCall Read(const seccomp_notif& call, Op op) { return ReadNetworkCall(call, op, memory_); }

  kernel::FakeMemory memory_;
};

TEST_F(NetworkCallTest, ReadsAMessageOfEveryWidth) {
  for (const bool compat : {false, true}) {
    const uint64_t at = compat ? PutMessage<uint32_t>() : PutMessage<uint64_t>();
    const NetworkCall call = compat
                                 ? Read(Call(kI386Sendmsg, {5, at, MSG_DONTWAIT}, AUDIT_ARCH_I386), Op::kSend)
                                 : Read(Call(SYS_sendmsg, {5, at, MSG_DONTWAIT}), Op::kSend);
    EXPECT_EQ(call.error, 0);
    EXPECT_EQ(call.fd, 5);
    EXPECT_EQ(call.flags, MSG_DONTWAIT);
    ASSERT_EQ(call.messages.size(), 1u);
    EXPECT_EQ(call.messages[0].address, kAddress);
    EXPECT_EQ(call.messages[0].data, "data");
    ASSERT_EQ(call.messages[0].control.size(), 1u);
    EXPECT_EQ(call.messages[0].control[0].type, SCM_RIGHTS);
    EXPECT_EQ(call.messages[0].control[0].data, Words<uint32_t>({7}));
  }
}

TEST_F(NetworkCallTest, WhatCannotBeReadIsNotMade) {
  const uint64_t good = memory_.Put(std::string(16, 'x'));
  const struct {
    seccomp_notif call;
    Op op;
    int error;
  } kCases[] = {
      {Call(SYS_connect, {3, 16, 16}), Op::kConnect, EFAULT},
      {Call(SYS_connect, {3, good, 17}), Op::kConnect, EFAULT},
      {Call(SYS_connect, {3, good, 129}), Op::kConnect, EINVAL},
      {Call(SYS_bind, {3, good, static_cast<uint64_t>(-1)}), Op::kBind, EINVAL},
      {Call(SYS_sendto, {3, good, 16, 0, 16, 16}), Op::kSend, EFAULT},
      {Call(SYS_sendto, {3, 16, 16, 0, good, 16}), Op::kSend, EFAULT},
      {Call(SYS_sendmsg, {3, 16, 0}), Op::kSend, EFAULT},
      {Call(SYS_sendmsg, {3, memory_.Put(Words<uint64_t>({0, 0, good, 1025, 0, 0, 0})), 0}), Op::kSend,
       EMSGSIZE},
      {Call(SYS_sendmsg, {3, memory_.Put(Words<uint64_t>({good, 0x80000000, good, 1, 0, 0, 0})), 0}),
       Op::kSend, EINVAL},
      {Call(SYS_sendmsg, {3, memory_.Put(Words<uint64_t>({0, 0, good, 0, good, 1 << 20, 0})), 0}), Op::kSend,
       ENOBUFS},
      {Call(SYS_sendmsg, {3, memory_.Put(Words<uint64_t>({0, 0, 0, 0, good, 16, 0})), 0}), Op::kSend, EINVAL},
      // What the decoder took for a connect.
      {Call(kI386Socketcall, {2, memory_.Put(Words<uint32_t>({3, good, 16}))}, AUDIT_ARCH_I386), Op::kConnect,
       EFAULT},
  };
  for (const auto& c : kCases) {
    const NetworkCall call = Read(c.call, c.op);
    EXPECT_EQ(call.error, c.error) << &c - kCases;
    EXPECT_TRUE(call.messages.empty()) << &c - kCases;
  }
}

TEST_F(NetworkCallTest, OfManyMessagesTheOnesBeforeABadOneCount) {
  const uint64_t data = memory_.Put("data");
  const uint64_t part = memory_.Put(Words<uint64_t>({data, 4}));
  const std::string good = Words<uint64_t>({0, 0, part, 1, 0, 0, 0, 0});
  const uint64_t at = memory_.Put(good + good + Words<uint64_t>({0, 0, 16, 1, 0, 0, 0, 0}));
  const NetworkCall call = Read(Call(SYS_sendmmsg, {3, at, 3, 0}), Op::kSend);
  EXPECT_TRUE(call.many);
  ASSERT_EQ(call.messages.size(), 2u);
  EXPECT_EQ(call.messages[1].length_at, at + 64 + 56);
  EXPECT_EQ(call.error, EFAULT);
}

TEST_F(NetworkCallTest, MoreThanOneCallSendsIsCut) {
  const uint64_t at = memory_.Put(std::string(kMostData + 10, 'x'));
  const NetworkCall call = Read(Call(SYS_sendto, {3, at, kMostData + 10, 0, 0, 0}), Op::kSend);
  ASSERT_EQ(call.messages.size(), 1u);
  EXPECT_TRUE(call.messages[0].cut);
  EXPECT_EQ(call.messages[0].data.size(), kMostData);
}

}  // namespace
}  // namespace glovebox::trace
