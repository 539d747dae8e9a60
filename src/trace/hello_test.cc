#include "trace/hello.h"

#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kBytes[] = "/cwd\0target\0EXECUTABLE\0CXX\0a.d\0suite case\0named\0a.o\0b.o\0g++\0-c";
const std::string kPayload(kBytes, sizeof kBytes);  // the literal's own NUL ends the last string

child::HelloHeader Header() {
  child::HelloHeader header;
  header.payload_size = static_cast<uint32_t>(kPayload.size());
  header.role = child::Role::kCompile;
  header.output_count = 2;
  header.argv_count = 2;
  return header;
}

TEST(Hello, SaysWhatTheActionIs) {
  ASSERT_OK_AND_ASSIGN(access::ActionBegin begin, ParseHello(Header(), kPayload));
  EXPECT_EQ(begin.role, access::Role::kCompile);
  EXPECT_EQ(begin.cwd, "/cwd");
  EXPECT_EQ(begin.target, "target");
  EXPECT_EQ(begin.target_type, "EXECUTABLE");
  EXPECT_EQ(begin.language, "CXX");
  EXPECT_EQ(begin.depfile, "a.d");
  EXPECT_EQ(begin.test, "suite case");
  EXPECT_EQ(begin.policy, "named");
  EXPECT_THAT(begin.outputs, ElementsAre("a.o", "b.o"));
  EXPECT_THAT(begin.argv, ElementsAre("g++", "-c"));
}

TEST(Hello, WhatIsNoHelloIsRefusedWithItsReason) {
  struct Case {
    void (*spoil)(child::HelloHeader*, std::string*);
    const char* message;
  };
  const Case kCases[] = {
      {[](child::HelloHeader* h, std::string*) { h->magic = 7; }, "not a launcher"},
      {[](child::HelloHeader* h, std::string*) { h->version = 9; }, "version 9, this program 3"},
      {[](child::HelloHeader* h, std::string*) { h->payload_size = 0xffffffff; }, "bytes announced"},
      {[](child::HelloHeader* h, std::string*) { h->role = static_cast<child::Role>(77); }, "unknown role"},
      {[](child::HelloHeader* h, std::string*) { h->argv_count = 0xffffffff; }, "strings are missing"},
      {[](child::HelloHeader* h, std::string*) { h->output_count = 5; }, "strings are missing"},
      {[](child::HelloHeader*, std::string* p) { p->pop_back(); }, "strings are missing"},
      {[](child::HelloHeader*, std::string* p) { p->clear(); }, "strings are missing"},
      {[](child::HelloHeader*, std::string* p) { *p += "x"; }, "behind the last"},
  };
  for (const Case& c : kCases) {
    child::HelloHeader header = Header();
    std::string payload = kPayload;
    c.spoil(&header, &payload);
    EXPECT_THAT(ParseHello(header, payload),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)));
  }
}

TEST(Hello, ArrivesInPieces) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  UniqueFd ours(pair[0]);
  std::thread sender([fd = pair[1]] {
    const child::HelloHeader header = Header();
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += kPayload;
    for (char byte : bytes) ASSERT_EQ(write(fd, &byte, 1), 1);
    close(fd);
  });
  EXPECT_OK(ReadHello(ours.get(), 10000));
  sender.join();
}

TEST(Hello, ASilentOrDyingLauncherDoesNotHoldUsUp) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  EXPECT_THAT(ReadHello(ours.get(), 20), StatusIs(absl::StatusCode::kDeadlineExceeded, testing::_));
  ASSERT_OK(WriteAll(theirs.get(), "GBX", "peer"));
  theirs.reset();
  EXPECT_THAT(ReadHello(ours.get(), 10000), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("hung up")));
}

TEST(Hello, AWorkingDirectoryIsLookedUpOnlyForALauncherThatWaitsAndCouldNotTell) {
  char cwd[4096];
  ASSERT_NE(getcwd(cwd, sizeof cwd), nullptr);
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd ours(pair[0]);
  UniqueFd launcher(pair[1]);
  access::ActionBegin told, untold, gone;
  told.cwd = "/told";
  FillCwd(ours.get(), getpid(), &told);
  EXPECT_EQ(told.cwd, "/told");
  FillCwd(ours.get(), getpid(), &untold);
  EXPECT_EQ(untold.cwd, cwd);
  launcher.reset();
  FillCwd(ours.get(), getpid(), &gone);
  EXPECT_EQ(gone.cwd, "") << "the number may be another's";
}

}  // namespace
}  // namespace glovebox::trace
