// A log made by hand, for the tests of verify/: tests, edges and what they did.
//   TestLog log;
//   log.Test(1, "a").Write(1, "/build/out").Test(2, "b").Read(2, "/build/out");
//   const std::vector<Finding> findings = log.Findings();
#ifndef GLOVEBOX_VERIFY_TEST_LOG_H_
#define GLOVEBOX_VERIFY_TEST_LOG_H_

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "verify/verify.h"

namespace glovebox::verify {

// Source /src, build /build, home /home/u, tmp /tmp. Each record is one millisecond later than the one
// before.
class TestLog {
 public:
  explicit TestLog(const access::RunInfo& run = {}) {
    log_.segments = {"first.gbx"};
    Add(run);
  }
  TestLog& Begin(access::ActionId id, access::Role role, const std::string& output,
                 access::ActionId parent = 0) {
    access::ActionBegin begin;
    begin.action = id;
    begin.parent = parent;
    begin.role = role;
    begin.cwd = "/build";
    if (!output.empty()) begin.outputs = {output};
    begin.argv = {"cc", "-c"};
    begin.time_ns = Tick();
    return Add(begin);
  }
  TestLog& Test(access::ActionId id, const std::string& name) {
    access::ActionBegin begin;
    begin.action = id;
    begin.role = access::Role::kTest;
    begin.cwd = "/build";
    begin.argv = {"/build/" + name};
    begin.test = name;
    begin.time_ns = Tick();
    return Add(begin);
  }
  static access::Access Make(access::ActionId id, Op op, const std::string& path,
                             access::Result result = access::Result::kThere, uint64_t flags = 0) {
    access::Access access;
    access.action = id;
    access.pid = access.tid = static_cast<int32_t>(100 + id);
    access.exe = "/usr/bin/prog";
    access.op = op;
    access.syscall = op == Op::kOpen ? "openat" : std::string(OpName(op));
    access.flags = flags;
    access.path = access.resolved = path;
    if (path.empty() || path[0] != '/') access.resolved.clear();
    access.result = result;
    return access;
  }
  TestLog& Do(access::Access access) {
    access.time_ns = Tick();
    return Add(std::move(access));
  }
  TestLog& Do(access::ActionId id, Op op, const std::string& path,
              access::Result result = access::Result::kThere) {
    return Do(Make(id, op, path, result));
  }
  TestLog& Read(access::ActionId id, const std::string& path) { return Do(id, Op::kOpen, path); }
  TestLog& Write(access::ActionId id, const std::string& path) {
    return Do(Make(id, Op::kOpen, path, access::Result::kCreated, O_WRONLY | O_CREAT | O_TRUNC));
  }
  // Against a rule: "outside-read: glovebox.toml:2:1 read".
  TestLog& Against(access::ActionId id, Op op, const std::string& path, const std::string& rule,
                   access::Decision decision = access::Decision::kDenied) {
    access::Access access = Make(id, op, path);
    access.rule = rule;
    access.decision = decision;
    if (decision != access::Decision::kContinued) access.error = EACCES;
    return Do(access);
  }
  TestLog& End(access::ActionEnd end) {
    end.time_ns = Tick();
    return Add(std::move(end));
  }
  // Records that follow are of another writer's segment.
  TestLog& Segment() {
    log_.segments.push_back("next.gbx");
    ++segment_;
    return *this;
  }
  TestLog& Add(access::Record record) {
    log_.records.push_back(std::move(record));
    log_.segment_of.push_back(segment_);
    return *this;
  }

  std::vector<graph::CTestTest>& tests() { return tests_; }
  policy::Terms& terms() { return terms_; }
  Places places = Places("/src", "/build", "/home/u", "/tmp");
  const graph::ConfigureFacts* configure_facts = nullptr;
  const Input* configure = nullptr;
  absl::flat_hash_map<std::string, std::string> other_names;

  // The log must not grow afterwards.
  Input AsInput() {
    table_ = access::MakeActionTable(log_);
    std::vector<ActionLabel> labels;
    for (const access::ActionRecord& action : table_.actions) {
      const access::ActionBegin& begin = action.begin;
      labels.push_back(
          {begin.test.empty() ? begin.outputs.empty() ? "command" : begin.outputs[0] : begin.test,
           begin.outputs});
    }
    return {log_,   table_, places,          std::move(labels), tests_,
            terms_, facts_, configure_facts, configure,         &other_names};
  }
  Judgement Judge() { return Verify(AsInput()); }
  std::vector<Finding> Findings() { return Judge().findings; }
  // "rule object" of each.
  std::vector<std::string> Short() {
    std::vector<std::string> lines;
    for (const Finding& finding : Findings()) lines.push_back(finding.rule + " " + finding.object);
    return lines;
  }

 protected:
  uint64_t Tick() { return now_ += 1'000'000; }
  const graph::BuildFacts* facts_ = nullptr;

 private:
  access::Log log_;
  access::ActionTable table_;
  std::vector<graph::CTestTest> tests_;
  policy::Terms terms_;
  uint32_t segment_ = 0;
  uint64_t now_ = 1'000'000'000;
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_TEST_LOG_H_
