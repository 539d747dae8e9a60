#include "report/junit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using access::ActionEnd;
using access::Role;
using testing::HasSubstr;
using testing::Not;

ActionEnd Ended(ActionEnd::Kind kind, int status = 0, const std::string& step = "") {
  ActionEnd end;
  end.kind = kind;
  end.status = status;
  end.step = step;
  return end;
}

ActionEnd Limited(const std::string& limit) {
  ActionEnd end = Ended(ActionEnd::Kind::kSignaled, 9);
  end.limit = limit;
  return end;
}

ActionEnd Leaving(const std::string& process) {
  ActionEnd end = Ended(ActionEnd::Kind::kExited);
  end.left_over = {process};
  return end;
}

class JUnit : public testing::Test {
 protected:
  void Begin(access::ActionId id, const std::string& test, const std::string& mode = "report") {
    access::ActionBegin begin;
    begin.action = id;
    begin.role = Role::kTest;
    begin.test = test;
    begin.mode = mode;
    begin.argv = {"/build/t"};
    begin.level = 1;
    begin.shape = "notify";
    begin.time_ns = 5'000'000'000;
    log_.Add(begin);
  }
  void End(access::ActionId id, ActionEnd end = Ended(ActionEnd::Kind::kExited)) {
    end.action = id;
    end.time_ns = 5'250'000'000;
    log_.Add(end);
  }
  std::string Xml() { return JUnitXml(log_.Take()); }
  TestLog log_;
};

TEST_F(JUnit, HasOneCaseATestAndNoOtherAction) {
  log_.Begin(1, Role::kCompile, {"a.o"}).End(1);
  Begin(2, "suite.case");
  ActionEnd end = Ended(ActionEnd::Kind::kExited);
  end.cpu_ns = 2'000'000;
  end.peak_bytes = 4096;
  end.peak_processes = 3;
  End(2, end);
  EXPECT_EQ(Xml(), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="glovebox" tests="1" failures="0" errors="0" time="0.250000">
  <testsuite name="/build" tests="1" failures="0" errors="0" time="0.250000" skipped="0" timestamp="1970-01-01T00:00:00">
    <testcase name="suite.case" classname="glovebox" time="0.250000">
      <system-out>exit status 0
accesses 0
cpu seconds 0.002000
peak memory bytes 4096
peak processes 3</system-out>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST_F(JUnit, SaysWhatWentWrong) {
  const struct {
    const char* mode;
    ActionEnd end;
    bool refused;
    const char* expected;
  } kCases[] = {
      {"report", Ended(ActionEnd::Kind::kExited, 3), false, "<failure message=\"exit status 3\""},
      {"report", Ended(ActionEnd::Kind::kSignaled, 11), false, "<failure message=\"signal 11\""},
      {"report", Ended(ActionEnd::Kind::kSandboxFailed, 1, "SetSid: EPERM"), false,
       "<error message=\"the sandbox failed: SetSid: EPERM\""},
      {"report", {}, false, "<error message=\"how it ended is not known\""},
      {"report", Limited("wall clock 10 s"), false,
       "<failure message=\"ended by its limit: wall clock 10 s\""},
      {"enforce", Ended(ActionEnd::Kind::kExited), true,
       "<failure message=\"refused: open /home/u/x: outside-write: glovebox.toml:3:1 write\""},
      {"report", Leaving("7 /bin/sleep"), false, "left over 7 /bin/sleep"},
  };
  for (const auto& c : kCases) {
    log_ = TestLog();
    Begin(1, "t", c.mode);
    if (c.refused) {
      access::Access access = TestLog::Make(1, Op::kOpen, "/home/u/x", access::Result::kRefused, O_WRONLY);
      access.decision = access::Decision::kDenied;
      access.rule = "outside-write: glovebox.toml:3:1 write";
      log_.Access(access);
    }
    End(1, c.end);
    EXPECT_THAT(Xml(), HasSubstr(c.expected));
  }
}

TEST_F(JUnit, ATestWithoutAnEndIsAnError) {
  Begin(1, "t");
  EXPECT_THAT(Xml(), HasSubstr("<error message=\"no end on the record\""));
}

TEST_F(JUnit, EscapesWhatXmlCannotHold) {
  Begin(1, "a<b>&\"\n\\\x01\xff\xef\xbf\xbf\xc3\xbc");
  End(1);
  const std::string xml = Xml();
  EXPECT_THAT(xml, HasSubstr("name=\"a&lt;b&gt;&amp;&quot;&#10;\\\\x01\\xff"));
  EXPECT_THAT(xml, HasSubstr("\xc3\xbc\""));
  EXPECT_THAT(xml, Not(HasSubstr("\xef\xbf\xbf")));
}

}  // namespace
}  // namespace glovebox::report
