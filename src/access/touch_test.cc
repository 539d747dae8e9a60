#include "access/touch.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

Access Make(Op op, Result result = Result::kThere, uint64_t flags = O_RDONLY) {
  Access access;
  access.op = op;
  access.flags = flags;
  access.path = access.resolved = "/x";
  access.result = result;
  return access;
}

Access MakeOf(const std::string& path, Op op, Result result = Result::kThere, uint64_t flags = O_RDONLY) {
  Access access = Make(op, result, flags);
  access.path = access.resolved = path;
  return access;
}

std::string Words(const Access& access) {
  const Touches touches = TouchesOf(access);
  std::string text;
  for (const Touch& touch : touches.span()) {
    text += (text.empty() ? "" : " | ") + std::string(touch.path) + ": " + WhatText(touch.what);
  }
  return text;
}

TEST(Touch, OpensAreReadByTheirFlagsAndResult) {
  struct Case {
    uint64_t flags;
    Result result;
    const char* words;
  };
  const Case cases[] = {
      {O_RDONLY, Result::kThere, "/x: read"},
      {O_RDWR, Result::kThere, "/x: read, changed"},
      {O_WRONLY, Result::kThere, "/x: changed"},
      {O_RDONLY | O_TRUNC, Result::kThere, "/x: read, changed"},
      {O_WRONLY | O_CREAT, Result::kCreated, "/x: created"},
      {O_RDONLY | O_CREAT, Result::kCreated, "/x: created"},
      {O_RDONLY, Result::kAbsent, "/x: looked for, absent"},
      {O_WRONLY | O_CREAT, Result::kAbsent, "/x: looked for, absent"},
      {O_RDWR, Result::kRefused, "/x: refused"},
      {O_WRONLY | O_CREAT | O_EXCL, Result::kFailed, "/x: failed"},
      {O_RDONLY, Result::kUnknown, "/x: read, outcome unknown"},
      {O_RDONLY | O_DIRECTORY, Result::kThere, "/x: listed"},
      {O_PATH, Result::kThere, "/x: looked at"},
      {O_PATH | O_DIRECTORY, Result::kThere, "/x: looked at"},
      {O_RDWR | O_TMPFILE, Result::kThere, "/x: changed"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Words(Make(Op::kOpen, c.result, c.flags)), c.words) << std::hex << c.flags;
  }
}

TEST(Touch, EveryOperationSaysWhatItDoes) {
  struct Case {
    Op op;
    Result result;
    const char* words;
  };
  const Case cases[] = {
      {Op::kExec, Result::kThere, "/x: executed"},
      {Op::kExec, Result::kAbsent, "/x: looked for, absent"},
      {Op::kMkdir, Result::kCreated, "/x: created"},
      {Op::kMkdir, Result::kFailed, "/x: failed"},
      {Op::kMknod, Result::kCreated, "/x: created"},
      {Op::kSymlink, Result::kCreated, "/x: created"},
      {Op::kUnlink, Result::kThere, "/x: removed"},
      {Op::kRmdir, Result::kThere, "/x: removed"},
      {Op::kTruncate, Result::kThere, "/x: changed"},
      {Op::kChmod, Result::kThere, "/x: changed"},
      {Op::kChown, Result::kThere, "/x: changed"},
      {Op::kUtimes, Result::kThere, "/x: changed"},
      {Op::kSetXattr, Result::kThere, "/x: changed"},
      {Op::kMount, Result::kThere, "/x: changed"},
      {Op::kStat, Result::kThere, "/x: looked at"},
      {Op::kStat, Result::kAbsent, "/x: looked for, absent"},
      {Op::kReadlink, Result::kThere, "/x: looked at"},
      {Op::kList, Result::kThere, "/x: listed"},
      {Op::kChdir, Result::kThere, "/x: looked at"},
      {Op::kForbidden, Result::kThere, "/x: refused"},
      {Op::kSocket, Result::kThere, ""},
      {Op::kListen, Result::kThere, ""},
  };
  for (const Case& c : cases) EXPECT_EQ(Words(Make(c.op, c.result)), c.words) << OpName(c.op);
}

TEST(Touch, TwoPathsAreTwoTouches) {
  Access rename = MakeOf("/a", Op::kRename, Result::kThere, 0);
  rename.path2 = rename.resolved2 = "/b";
  EXPECT_EQ(Words(rename), "/a: renamed away | /b: renamed onto");
  rename.result = Result::kCreated;
  EXPECT_EQ(Words(rename), "/a: renamed away | /b: renamed onto");
  rename.result = Result::kAbsent;
  EXPECT_EQ(Words(rename), "/a: looked for, absent | /b: failed");
  Access exchange = MakeOf("/a", Op::kRename, Result::kThere, 2);  // RENAME_EXCHANGE
  exchange.path2 = exchange.resolved2 = "/b";
  EXPECT_EQ(Words(exchange), "/a: renamed onto | /b: renamed onto");
  Access link = MakeOf("/a", Op::kLink, Result::kCreated);
  link.path2 = link.resolved2 = "/b";
  EXPECT_EQ(Words(link), "/a: looked at | /b: created");
}

TEST(Touch, WhatWeRefuseDidNotHappen) {
  Access access = Make(Op::kOpen);
  for (const Decision decision : {Decision::kDenied, Decision::kKernelDenied}) {
    access.decision = decision;
    EXPECT_EQ(Words(access), "/x: refused");
  }
}

TEST(Touch, AnAddressIsNoFileButAUnixSocketIs) {
  Access access = MakeOf("inet:127.0.0.1:80", Op::kConnect);
  access.resolved.clear();
  EXPECT_EQ(Words(access), "");
  access.path = "unix:/run/x";
  access.resolved = "/run/x";
  EXPECT_EQ(Words(access), "/run/x: looked at");
  access.op = Op::kBind;
  EXPECT_EQ(Words(access), "/run/x: created");
  EXPECT_TRUE(IsInternet("inet6:[::1]:80"));
  EXPECT_FALSE(IsInternet("unix:/run/x"));
}

TEST(Touch, AnUnresolvedPathStandsAsItWasSpelled) {
  Access access = MakeOf("rel", Op::kOpen, Result::kUnknown);
  access.resolved.clear();
  EXPECT_EQ(Words(access), "rel: read, outcome unknown");
}

}  // namespace
}  // namespace glovebox::access
