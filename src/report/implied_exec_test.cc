#include "report/implied_exec.h"

#include <string>

#include "gtest/gtest.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using access::Result;

access::Access By(const std::string& exe, Op op, const std::string& path, Result result = Result::kThere,
                  access::ActionId action = 1) {
  access::Access access = TestLog::Make(action, op, path, result);
  access.pid = access.tid = 7;
  access.exe = exe;
  return access;
}

TEST(ImpliedExecs, WhatAScriptBecomesIsItsInterpreter) {
  ImpliedExecs implied;
  EXPECT_FALSE(implied.See(0, By("/bin/dash", Op::kExec, "/src/gen.py")));
  const auto told = implied.See(0, By("/usr/bin/python3.11", Op::kOpen, "/etc/ld.so.cache"));
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->program, "/usr/bin/python3.11");
  EXPECT_EQ(told->named, "/src/gen.py");
  EXPECT_EQ(told->by, "/bin/dash");
  EXPECT_FALSE(implied.See(0, By("/usr/bin/python3.11", Op::kOpen, "/src/gen.py"))) << "told once";
}

TEST(ImpliedExecs, NothingIsTakenForOneThatAnExecNamesOrThatMayHaveFailed) {
  const struct {
    const char* name;
    access::Access exec;
    access::Access next;
    uint32_t segment;
  } kCases[] = {
      {"a program", By("/bin/sh", Op::kExec, "/bin/cat"), By("/bin/cat", Op::kOpen, "/x"), 0},
      {"removed since", By("/bin/sh", Op::kExec, "/t/a"), By("/t/a (deleted)", Op::kOpen, "/x"), 0},
      {"absent", By("/bin/sh", Op::kExec, "/no", Result::kAbsent), By("/bin/y", Op::kOpen, "/x"), 0},
      {"the caller went on", By("/bin/sh", Op::kExec, "/s"), By("/bin/sh", Op::kOpen, "/x"), 0},
      {"program unknown", By("/bin/sh", Op::kExec, "/s"), By("", Op::kOpen, "/x"), 0},
      {"another action", By("/bin/sh", Op::kExec, "/s"), By("/y", Op::kOpen, "/x", Result::kThere, 2), 0},
      {"another writer", By("/bin/sh", Op::kExec, "/s"), By("/y", Op::kOpen, "/x"), 1},
  };
  for (const auto& c : kCases) {
    ImpliedExecs implied;
    EXPECT_FALSE(implied.See(0, c.exec)) << c.name;
    EXPECT_FALSE(implied.See(c.segment, c.next)) << c.name;
  }
}

TEST(ImpliedExecs, AnExecAlsoSettlesTheOneBefore) {
  ImpliedExecs implied;
  EXPECT_FALSE(implied.See(0, By("/bin/sh", Op::kExec, "/s.py")));
  const auto told = implied.See(0, By("/bin/python", Op::kExec, "/t.pl"));
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->program, "/bin/python");
  EXPECT_EQ(implied.See(0, By("/bin/perl", Op::kOpen, "/x"))->by, "/bin/python");
}

}  // namespace
}  // namespace glovebox::report
