// A log made by hand, for the tests of report/ (and of who judges after it).
//   TestLog log;
//   log.Begin(1, access::Role::kCompile, {"a.o"}).Open(1, "/src/a.c").End(1);
//   Input input = log.Take();
#ifndef GLOVEBOX_REPORT_TEST_LOG_H_
#define GLOVEBOX_REPORT_TEST_LOG_H_

#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include "report/input.h"

namespace glovebox::report {

// Source /src, build /build, home /home/u, tmp /tmp. Each record is one millisecond later than the one
// before.
class TestLog {
 public:
  TestLog() {
    input_.log.run_dir = "/state/b-1/2026";
    input_.log.segments = {"a.gbx"};
    input_.log.bytes = 4096;
    access::RunInfo run;
    run.tool = "glovebox-ninja 0.1.0";
    run.command = {"ninja", "-j2"};
    run.source_dir = "/src";
    run.build_dir = "/build";
    run.home = "/home/u";
    run.tmp = "/tmp";
    run.kernel = "6.18";
    run.start_ns = now_;
    Add(run);
  }

  // Records that follow are of this segment.
  TestLog& Segment(const std::string& name) {
    input_.log.segments.push_back(name);
    segment_ = static_cast<uint32_t>(input_.log.segments.size() - 1);
    return *this;
  }
  TestLog& Begin(access::ActionId id, access::Role role, std::vector<std::string> outputs,
                 access::ActionId parent = 0, std::vector<std::string> argv = {"cc", "-c"}) {
    access::ActionBegin begin;
    begin.action = id;
    begin.parent = parent;
    begin.role = role;
    begin.outputs = std::move(outputs);
    begin.argv = std::move(argv);
    begin.cwd = "/build";
    begin.level = 1;
    begin.shape = "notify";
    begin.time_ns = Tick();
    return Add(begin);
  }
  TestLog& End(access::ActionId id, int status = 0) {
    access::ActionEnd end;
    end.action = id;
    end.kind = access::ActionEnd::Kind::kExited;
    end.status = status;
    end.time_ns = Tick();
    end.cpu_ns = 2'000'000;
    return Add(end);
  }
  static access::Access Make(access::ActionId id, Op op, const std::string& path,
                             access::Result result = access::Result::kThere, uint64_t flags = O_RDONLY) {
    access::Access access;
    access.action = id;
    access.pid = access.tid = static_cast<int32_t>(100 + id);
    access.exe = "/usr/bin/cc1";
    access.op = op;
    access.syscall = op == Op::kOpen ? "openat" : std::string(OpName(op));
    access.flags = flags;
    access.path = access.resolved = path;
    access.result = result;
    if (result == access::Result::kAbsent) access.error = ENOENT;
    return access;
  }
  TestLog& Access(access::Access access) {
    access.time_ns = Tick();
    return Add(std::move(access));
  }
  TestLog& Open(access::ActionId id, const std::string& path, access::Result result = access::Result::kThere,
                uint64_t flags = O_RDONLY) {
    return Access(Make(id, Op::kOpen, path, result, flags));
  }
  TestLog& Create(access::ActionId id, const std::string& path) {
    return Open(id, path, access::Result::kCreated, O_WRONLY | O_CREAT | O_TRUNC);
  }
  TestLog& Do(access::ActionId id, Op op, const std::string& path) { return Access(Make(id, op, path)); }
  TestLog& Rename(access::ActionId id, const std::string& from, const std::string& to,
                  access::Result result = access::Result::kThere) {
    access::Access access = Make(id, Op::kRename, from, result);
    access.path2 = access.resolved2 = to;
    return Access(access);
  }
  // renameat2() with RENAME_EXCHANGE.
  TestLog& Exchange(access::ActionId id, const std::string& one, const std::string& other) {
    access::Access access = Make(id, Op::kRename, one, access::Result::kThere, 2);
    access.path2 = access.resolved2 = other;
    return Access(access);
  }
  TestLog& Connect(access::ActionId id, const std::string& address) {
    access::Access access = Make(id, Op::kConnect, address);
    access.resolved.clear();
    return Access(access);
  }
  TestLog& Hole(access::ActionId id, const std::string& kind, const std::string& detail) {
    return Add(access::Hole{id, Tick(), 7, kind, detail});
  }
  TestLog& Add(access::Record record) {
    input_.log.records.push_back(std::move(record));
    input_.log.segment_of.push_back(segment_);
    return *this;
  }
  access::Log& log() { return input_.log; }
  BuildInfo& build() { return build_; }

  // With the end of the run, unless it shall be cut off.
  Input Take(bool ended = true) {
    if (ended) Add(access::RunEnd{Tick(), 0, 1});
    input_.table = access::MakeActionTable(input_.log);
    input_.build = BuildInfoFrom(*input_.table.run);
    input_.build.edges = build_.edges;
    if (!build_.source_dir.empty()) input_.build.source_dir = build_.source_dir;
    return std::move(input_);
  }

 private:
  uint64_t Tick() { return now_ += 1'000'000; }
  Input input_;
  BuildInfo build_;
  uint32_t segment_ = 0;
  uint64_t now_ = 1'000'000'000;
};

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_TEST_LOG_H_
