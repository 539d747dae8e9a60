// A build made by hand, for the tests of what is judged by its graph.
//   TestGraph build;
//   build.Edge(1, {"a"}, {"../src/a.in"}).Read(1, "/src/a.in").Write(1, "/build/a");
//   EXPECT_THAT(build.Faults(), IsEmpty());
#ifndef GLOVEBOX_VERIFY_TEST_GRAPH_H_
#define GLOVEBOX_VERIFY_TEST_GRAPH_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "verify/test_log.h"

namespace glovebox::verify {

// Edges run in the order in which they are added, and end well. All files that are named are there, but those
// of `absent`.
class TestGraph : public TestLog {
 public:
  using Names = std::vector<std::string>;

  TestGraph& Edge(access::ActionId id, Names outputs, Names inputs = {}, Names order_only = {},
                  const std::string& rule = "CUSTOM_COMMAND") {
    Declare(outputs, inputs, order_only, rule);
    access::ActionBegin begin;
    begin.action = id;
    begin.role = access::Role::kEdge;
    begin.cwd = "/build";
    begin.argv = {"/bin/sh", "-c", edges_.back().command};
    begin.time_ns = Tick();
    Add(begin);
    begun_.push_back(id);
    return *this;
  }
  // One that does not run.
  TestGraph& Declare(const Names& outputs, const Names& inputs = {}, const Names& order_only = {},
                     const std::string& rule = "CUSTOM_COMMAND") {
    edges_.push_back({outputs, rule, absl::StrCat(command, outputs.front()), inputs, order_only});
    return *this;
  }
  TestGraph& Phony(const std::string& name, Names inputs, Names order_only = {}) {
    phony_.push_back({name, std::move(inputs), std::move(order_only)});
    return *this;
  }
  TestGraph& Depfile(const std::string& output, Names inputs) {
    build_.depfile_inputs[output] = std::move(inputs);
    return *this;
  }

  std::string command = "make ";  // of the edges that follow, before the first output's name
  graph::BuildFacts& facts() { return build_; }
  std::set<std::string> absent;        // by spelling
  std::set<access::ActionId> failed;   // edges that end with 1
  std::set<access::ActionId> unended;  // ... whose end is not on record

  Judgement JudgeGraph() {
    for (const access::ActionId id : begun_) {
      if (unended.count(id) > 0) continue;
      access::ActionEnd end;
      end.action = id;
      end.kind = access::ActionEnd::Kind::kExited;
      end.status = failed.count(id) > 0 ? 1 : 0;
      End(end);
    }
    begun_.clear();
    build_.ninja = std::make_shared<const graph::NinjaGraph>(edges_, "/build", phony_);
    build_.places.resize(edges_.size());
    build_.targets.resize(edges_.size());
    for (const graph::NinjaEdge& edge : edges_) {
      for (const Names* names : {&edge.outputs, &edge.inputs, &edge.order_only}) Look(*names);
    }
    for (const auto& [output, inputs] : build_.depfile_inputs) Look(inputs);
    facts_ = &build_;
    return Judge();
  }
  // "missing-input gen.h /src/table.txt" of each error and warning; with `notes` of all.
  Names Faults(bool notes = false) {
    Names faults;
    for (const Finding& finding : JudgeGraph().findings) {
      if (finding.severity < Severity::kWarning && !notes) continue;
      faults.push_back(absl::StrCat(
          finding.rule, " ", finding.edges.empty() ? "" : edges_[finding.edges.front()].outputs.front(), " ",
          finding.object));
    }
    return faults;
  }

 private:
  void Look(const Names& names) {
    for (const std::string& name : names) {
      build_.files.try_emplace(
          name, graph::NamedFile{CleanPath(JoinPath("/build", name)), "", absent.count(name) == 0});
    }
  }
  std::vector<graph::NinjaEdge> edges_;
  std::vector<graph::PhonyEdge> phony_;
  std::vector<access::ActionId> begun_;
  graph::BuildFacts build_;
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_TEST_GRAPH_H_
