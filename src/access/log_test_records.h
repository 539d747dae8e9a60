// Records to write: one of each kind, with what is odd in it. For the tests of the log and the seeds of its
// fuzz target.
#ifndef GLOVEBOX_ACCESS_LOG_TEST_RECORDS_H_
#define GLOVEBOX_ACCESS_LOG_TEST_RECORDS_H_

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "access/record.h"

namespace glovebox::access {

inline Access SomeAccess(uint64_t n) {
  Access access;
  access.action = 1;
  access.time_ns = 1000 + n;
  access.pid = access.tid = 4711;
  access.exe = "/usr/bin/cc1plus";
  access.op = Op::kOpen;
  access.syscall = "openat";
  access.path = absl::StrCat("../include/header-", n % 7, ".h");
  access.resolved = absl::StrCat("/src/include/header-", n % 7, ".h");
  access.result = n % 2 == 0 ? Result::kThere : Result::kAbsent;
  access.error = n % 2 == 0 ? 0 : ENOENT;
  return access;
}

inline std::vector<Record> EveryKind(size_t longest = 100000) {
  RunInfo run{"glovebox 1", {"ninja", "-C", "b"}, "/src", "/src/b",  "/home/u", "/tmp",
              "6.18",       1700000000000000000,  1,      "x.ninja", "host",    {"PATH=0123456789abcdef"}};
  ActionBegin begin;
  begin.action = 1;
  begin.time_ns = 2;
  begin.role = Role::kCompile;
  begin.test = "suite.case";
  begin.policy = "named";
  begin.mode = "enforce";
  begin.outputs = {"a.o", std::string("odd\n\xff\0name", 10)};
  begin.argv = {"g++", std::string(longest, 'x'), ""};
  Access odd = SomeAccess(2);
  odd.path = std::string(4096, '\xfe');
  odd.resolved = "line\nbreak";
  odd.path2 = "second";
  odd.resolved2 = "/second";
  odd.tid = 99;
  odd.sight = Sight::kObserved;
  odd.decision = Decision::kKernelDenied;
  odd.rule = "outside-read: built in";
  odd.flags = ~uint64_t{0};
  Hole hole{1, 2000, 7, "foreign-abi", "syscall 9"};
  ActionEnd end;
  end.action = 1;
  end.time_ns = 3000;
  end.kind = ActionEnd::Kind::kSignaled;
  end.status = 11;
  end.left_over = {"12 /bin/sleep"};
  end.limit = "wall clock 10 s";
  end.peak_processes = 3;
  end.measured = "sampled";
  const ProcessBegin process{1, 3, 4712, 4711, "/usr/bin/dash"};
  return {run, begin, process, SomeAccess(0), SomeAccess(1), odd, hole, end, RunEnd{4000, 2, 1}};
}

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_LOG_TEST_RECORDS_H_
