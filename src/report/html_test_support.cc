#include "report/html_test_support.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using access::Role;
using verify::EdgeVerdict;

constexpr auto kProved = verify::Verdict::kProved;
constexpr auto kViolated = verify::Verdict::kViolated;
constexpr auto kIncomplete = verify::Verdict::kIncomplete;

// One build: each edge is an action of the log with what it wraps inside of it, a few of them at once.
class Maker {
 public:
  // Gives the place of the edge. kRun: nothing of it ran.
  size_t Edge(std::vector<std::string> outputs, const std::string& rule, std::vector<size_t> after, Role role,
              const std::string& where) {
    EdgeVerdict edge;
    edge.outputs = std::move(outputs);
    edge.rule = rule;
    edge.verdict = kProved;
    edge.after = std::move(after);
    edge.where = where;
    if (role != Role::kRun) Run(role, &edge);
    edges_.push_back(std::move(edge));
    return edges_.size() - 1;
  }
  void NotRun(size_t edge, const std::string& why) {
    edges_[edge].verdict = kIncomplete;
    edges_[edge].why = why;
  }
  verify::Finding& Find(size_t edge, const std::string& rule, verify::Severity severity,
                        const std::string& object, const std::string& what) {
    FindingFacts facts;
    verify::Finding& finding = facts.finding;
    finding.rule = rule;
    finding.severity = severity;
    finding.object = object;
    finding.what = what;
    finding.id = verify::StableId(rule, edges_[edge].outputs[0], object);
    finding.where = edges_[edge].where;
    facts.edges = {edges_[edge].outputs[0]};
    finding.calls = 1;
    finding.evidence = verify::EvidenceOf(TestLog::Make(1, Op::kOpen, object));
    if (!edges_[edge].actions.empty()) {
      finding.action = edges_[edge].actions.back();
      facts.action = finding.action + 1;
      finding.evidence.time_ns = 1'000'000'000 + 1'000'000 * facts.action;
    }
    edges_[edge].verdict = kViolated;
    edges_[edge].findings.push_back(findings_.size());
    findings_.push_back(std::move(facts));
    return findings_.back().finding;
  }
  TestLog& log() { return log_; }
  SampleBuild Take() {
    while (!open_.empty()) EndOldest();
    SampleBuild build;
    build.summary = Summarize(log_.Take());
    build.summary.judged = true;
    build.summary.findings = std::move(findings_);
    for (FindingFacts& facts : build.summary.findings) {
      if (const ActionFacts* action = build.summary.Find(facts.action))
        facts.finding.action_name = action->name;
    }
    build.edges = std::move(edges_);
    return build;
  }

 private:
  void Run(Role role, EdgeVerdict* edge) {
    if (open_.size() >= 4) EndOldest();
    const access::ActionId outer = ++number_;
    const access::ActionId inner = ++number_;
    log_.Begin(outer, Role::kEdge, edge->outputs, 0, {"/bin/sh", "-c", "cc"});
    log_.Begin(inner, role, edge->outputs, outer);
    log_.Open(inner, absl::StrCat("/src/", edge->outputs[0], ".c"))
        .Create(inner, absl::StrCat("/build/", edge->outputs[0]));
    edge->actions = {outer - 1, inner - 1};
    open_.push_back(outer);
  }
  void EndOldest() {
    log_.End(open_.front() + 1).End(open_.front());
    open_.erase(open_.begin());
  }

  TestLog log_;
  std::vector<access::ActionId> open_;
  access::ActionId number_ = 0;
  std::vector<EdgeVerdict> edges_;
  std::vector<FindingFacts> findings_;
};

void AddSmallFindings(Maker* maker, size_t reader, size_t table, size_t version) {
  verify::Finding& missing =
      maker->Find(reader, "undeclared-input", verify::Severity::kError, "/build/gen/config.h",
                  "gen/config.h is read, and nothing says that it is needed here");
  missing.so = "a change of that file does not rebuild what is made here";
  missing.repair =
      "name it: OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/gen/config.h for app/main.c, or add_dependencies(app "
      "config)";
  missing.calls = 3;
  verify::Finding& home = maker->Find(table, "outside-read", verify::Severity::kError, "/home/u/.gen.rc",
                                      "/home/u/.gen.rc is read, which the policy does not allow");
  home.so = "what is made here depends on a file that another machine does not have";
  home.repair = "do not read it, or let the policy say so: read = [\"${home}/.gen.rc\"]";
  home.place = "glovebox.toml:4:1 read";
  home.evidence.callers = {{4710, "/usr/bin/dash"}, {4709, "/usr/bin/python3.11"}};
  verify::Finding& net =
      maker->Find(version, "network-connect", verify::Severity::kWarning, "inet:151.101.2.132:443",
                  "inet:151.101.2.132:443 is connected to, which the policy does not allow");
  net.evidence.op = Op::kConnect;
  net.evidence.call = "connect";
  net.evidence.result = access::Result::kRefused;
  net.evidence.decision = access::Decision::kDenied;
  net.evidence.error = 13;
  net.refused = true;
  net.so = "what is made here depends on another machine, and works only as long as that one answers";
  net.repair = "do without, or let the policy say so: network = { connect = [\"151.101.2.132:443\"] }";
}

}  // namespace

SampleBuild SmallBuild() {
  Maker maker;
  const size_t table = maker.Edge({"gen/table.h", "gen/table.c"}, "CUSTOM_COMMAND", {}, Role::kCustom,
                                  "CMakeLists.txt:14 add_custom_command");
  maker.Edge({"gen/config.h"}, "CUSTOM_COMMAND", {}, Role::kCustom, "CMakeLists.txt:21 add_custom_command");
  std::vector<size_t> core;
  for (const char* name :
       {"alloc", "arena", "cache", "coding", "filter", "hash", "options", "status", "table"}) {
    core.push_back(maker.Edge({absl::StrCat("CMakeFiles/core.dir/src/", name, ".c.o")}, "C_COMPILER__core",
                              {table}, Role::kCompile, "CMakeLists.txt:30 add_library"));
  }
  const size_t core_lib = maker.Edge({"libcore.a"}, "C_STATIC_LIBRARY_LINKER__core", core, Role::kLink,
                                     "CMakeLists.txt:30 add_library");
  const size_t version = maker.Edge({"version.txt"}, "CUSTOM_COMMAND", {}, Role::kCustom,
                                    "CMakeLists.txt:41 add_custom_command");
  std::vector<size_t> app = {core_lib};
  for (const char* name : {"main", "args", "print"}) {
    app.push_back(maker.Edge({absl::StrCat("CMakeFiles/app.dir/app/", name, ".c.o")}, "C_COMPILER__app",
                             {version}, Role::kCompile, "app/CMakeLists.txt:3 add_executable"));
  }
  const size_t program = maker.Edge({"app"}, "C_EXECUTABLE_LINKER__app", app, Role::kLink,
                                    "app/CMakeLists.txt:3 add_executable");
  const size_t docs = maker.Edge({"docs/index.html"}, "CUSTOM_COMMAND", {program}, Role::kCustom,
                                 "docs/CMakeLists.txt:8 add_custom_target");
  const size_t man = maker.Edge({"docs/app.1"}, "CUSTOM_COMMAND", {program}, Role::kRun,
                                "docs/CMakeLists.txt:19 add_custom_command");
  maker.Edge({"all"}, "phony", {program, docs, man}, Role::kRun, "");

  AddSmallFindings(&maker, app[1], table, version);
  maker.NotRun(man, "it did not run");
  SampleBuild build = maker.Take();
  build.summary.run.start_unix_ns = 1'764'000'000'000'000'000;
  build.summary.skipped = {"Landlock: no ABI"};
  return build;
}

const std::vector<std::string>& HostileNames() {
  static const auto* const names = new std::vector<std::string>{
      "</script><img src=x onerror=alert(1)>",
      "<!--<script>",
      "]]>--></script>",
      "\" onmouseover=\"alert(1)",
      "'; alert(1); '",
      "a\nb\tc\\d",
      "bad \xff\xfe bytes \x80",
      "line\xe2\x80\xa8separator\xe2\x80\xa9s",
      "right\xe2\x80\xaeto left",
      "&lt;b&gt;&amp;",
      "{{data}} {{js}} ${x} %s",
      "__proto__",
      "\x1b[31mred\x07",
      std::string("nul\0byte", 8),
  };
  return *names;
}

SampleBuild KnownBuild() {
  SampleBuild build = SmallBuild();
  std::vector<const verify::Finding*> findings;
  for (const FindingFacts& facts : build.summary.findings) findings.push_back(&facts.finding);
  verify::Baseline baseline;
  baseline.entries.resize(2);
  baseline.entries[0].id = findings[0]->id;
  baseline.entries[1].id = "000000000000";
  build.compared = verify::Compare(findings, baseline, {});
  return build;
}

SampleBuild HostileBuild() {
  Maker maker;
  std::vector<size_t> all;
  for (const std::string& name : HostileNames()) {
    const size_t edge = maker.Edge({name}, name, all, Role::kCompile, absl::StrCat(name, ":1 add_library"));
    verify::Finding& finding =
        maker.Find(edge, "outside-read", verify::Severity::kError, "/build/" + name, name + " is read");
    finding.objects = {name, name + "2"};
    finding.so = finding.repair = finding.place = finding.where = name;
    finding.evidence.program = finding.evidence.call = name;
    all = {edge};
  }
  maker.log().Hole(1, HostileNames()[0], HostileNames()[6]);
  maker.log().Connect(1, "inet:" + HostileNames()[0]);
  maker.log().log().tears.push_back({HostileNames()[0], 17, HostileNames()[2], false});
  SampleBuild build = maker.Take();
  build.summary.run.command = HostileNames();
  build.summary.run.build_dir = "/build";
  build.summary.run.source_dir = "/src/" + HostileNames()[0];
  build.summary.skipped = HostileNames();
  return build;
}

SampleBuild LargeBuild(size_t edges) {
  Maker maker;
  std::vector<size_t> archive;  // the one before: what follows comes after it
  std::vector<size_t> objects;
  for (size_t i = 0; i < edges; ++i) {
    const std::string directory = absl::StrFormat("lib/part%03d", i / 100);
    const std::string where = directory + "/CMakeLists.txt:3 add_library";
    if (i % 100 == 99) {
      archive = {
          maker.Edge({directory + "/libpart.a"}, "CXX_STATIC_LIBRARY_LINKER", objects, Role::kLink, where)};
      objects.clear();
    } else {
      objects.push_back(maker.Edge({absl::StrFormat("%s/file%06d.cc.o", directory, i)}, "CXX_COMPILER",
                                   archive, i % 100 == 5 ? Role::kRun : Role::kCompile, where));
    }
  }
  for (size_t i = 0; i < edges; i += 10) {
    const std::string path = absl::StrFormat("/opt/include/header%05d.h", i % 1000);
    verify::Finding& finding = maker.Find(i, i % 20 == 0 ? "outside-read" : "undeclared-input",
                                          i % 30 == 0 ? verify::Severity::kWarning : verify::Severity::kError,
                                          path, path + " is read, which the policy does not allow");
    finding.so = "what is made here depends on a file that another machine does not have";
  }
  for (size_t i = 5; i < edges; i += 100) maker.NotRun(i, "it did not run");
  return maker.Take();
}

SampleBuild TestsBuild() {
  TestLog log;
  log.Begin(1, Role::kTest, {}, 0, {"writer_test"}).Create(1, "/build/out.txt");
  log.Begin(2, Role::kTest, {}, 0, {"reader_test"}).Open(2, "/build/out.txt").End(2).End(1);
  SampleBuild build;
  build.summary = Summarize(log.Take());
  build.summary.judged = true;
  const auto add = [&build](const char* rule, const char* object, access::ActionId action,
                            std::vector<access::ActionId> others) {
    FindingFacts facts;
    facts.action = action;
    facts.others = std::move(others);
    facts.finding.rule = rule;
    facts.finding.object = object;
    facts.finding.what = absl::StrCat(object, " is a matter of ", rule);
    facts.finding.id = verify::StableId(rule, "", object);
    facts.finding.calls = action == 0 ? 0 : 1;
    build.summary.findings.push_back(std::move(facts));
  };
  add("test-order", "/build/out.txt", 2, {1});
  add("test-collision", "/build/out.txt", 1, {2});
  add("left-over-process", "42 /bin/sleep", 1, {});
  add("allowance-expired", "", 0, {});
  return build;
}

SampleBuild EmptyBuild() {
  SampleBuild build;
  build.summary = Summarize(TestLog().Take(false));
  return build;
}

}  // namespace glovebox::report
