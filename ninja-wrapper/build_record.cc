#include "build_record.h"

#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/environment.h"
#include "access/log.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/variable.h"
#include "graph/cmake_info.h"
#include "graph/ninja_graph.h"
#include "graph/ninja_log.h"
#include "policy/policy.h"
#include "project/edge_subject.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/input.h"
#include "report/summary.h"

namespace glovebox::ninja {
namespace {

constexpr int kLeftOverGraceMs = 2000;

int64_t Now(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

access::RunInfo InfoOf(const BuildRequest& request) {
  access::RunInfo info;
  info.tool = "glovebox-ninja " GLOVEBOX_VERSION;
  info.command = request.command;
  const absl::StatusOr<graph::CMakeInfo> cmake = graph::LoadCMakeInfo(request.build_dir);
  if (cmake.ok()) info.source_dir = cmake->source_dir;  // not a CMake build: it stays empty
  info.build_dir = request.build_dir;
  info.manifest = request.manifest;
  info.home = Variable("HOME");
  info.tmp = Variable("TMPDIR", "/tmp");
  struct utsname name;
  if (uname(&name) == 0) {
    info.kernel = name.release;
    info.host = name.nodename;
  }
  info.environment = access::EnvironmentOf(environ);
  info.start_unix_ns = Now(CLOCK_REALTIME);
  info.start_ns = static_cast<uint64_t>(Now(CLOCK_MONOTONIC));
  return info;
}

absl::StatusOr<policy::Policy> PolicyFor(const BuildRequest& request, const access::ActionBegin& begin,
                                         const graph::NinjaGraph* graph, const trace::ShimLibrary* shim) {
  const policy::Subject subject = SubjectOf(begin, graph);
  RETURN_IF_ERROR(policy::CheckNamed(request.policies, subject));
  policy::Policy policy = request.policies.For(subject, request.overrides).policy;
  // What a fixture starts is another test's to end, as without us (cli/run.cc).
  const bool serves = begin.target_type == "fixture" || begin.target_type == "cleanup";
  if (serves && begin.role == access::Role::kTest && policy.mode != policy::Mode::kEnforce)
    policy.scope_signals = false;
  trace::OpenGate(shim, &policy);
  return policy;
}

bool MayRecordFull(const BuildRequest& request) {
  if (request.overrides.level.has_value()) return *request.overrides.level == kernel::Level::kFull;
  return request.policies.MayRecordFull();
}

// An error of the log's own files, with what mends it.
absl::Status WithMend(const absl::Status& status, const std::string& run_dir) {
  if (!absl::StrContains(status.message(), run_dir)) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(),
                                                  ": free space there, or set GLOVEBOX_STATE_DIR to a "
                                                  "directory that can be written"));
}

std::string TextOrNothing(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() ? *std::move(text) : "";
}

}  // namespace

policy::Subject SubjectOf(const access::ActionBegin& begin, const graph::NinjaGraph* graph) {
  policy::Subject subject = {static_cast<policy::Role>(begin.role), begin.target, begin.outputs, begin.test,
                             begin.policy};
  if (graph == nullptr || begin.role != access::Role::kEdge || begin.argv.empty()) return subject;
  // Of several edges with one command nobody can tell which this is.
  const std::vector<const graph::NinjaEdge*> same = graph->ByCommand(begin.argv.back());
  if (same.size() != 1) return subject;
  policy::Subject edge = project::SubjectOfEdge(*same.front());
  subject.target = std::move(edge.target);
  subject.outputs = std::move(edge.outputs);
  return subject;
}

absl::StatusOr<std::unique_ptr<BuildRecord>> BuildRecord::Start(const BuildRequest& request) {
  std::unique_ptr<BuildRecord> record(new BuildRecord(request));
  ASSIGN_OR_RETURN(record->run_dir_, access::CreateRun(request.build_dir));
  const graph::BuildDirVariable variable =
      graph::FindBuildDirVariable(TextOrNothing(JoinPath(request.build_dir, request.manifest)));
  if (variable.found) {
    record->log_path_ = JoinPath(JoinPath(request.build_dir, variable.value), ".ninja_log");
    record->log_before_ = TextOrNothing(record->log_path_);
  }
  trace::CollectorOptions options;
  options.run_dir = record->run_dir_;
  options.run = record->info_ = InfoOf(request);
  options.host = request.host;
  if (MayRecordFull(request) && !request.strict) record->shim_ = trace::ShimLibrary::Own();
  options.shim = record->shim_.get();
  if (absl::Status asked = record->AskForGraph(); !asked.ok()) {
    access::DropRun(record->run_dir_);
    return asked;
  }
  options.own_files.insert(options.own_files.end(), request.own_files.begin(), request.own_files.end());
  options.inputs = record->oracle_.get();
  options.policy_for = [request = record->request_, graph = record->graph_,
                        shim = options.shim](const access::ActionBegin& begin) {
    return PolicyFor(request, begin, graph.get(), shim);
  };
  absl::StatusOr<std::unique_ptr<trace::Collector>> collector = trace::Collector::Start(std::move(options));
  if (!collector.ok()) {
    access::DropRun(record->run_dir_);
    return WithMend(collector.status(), record->run_dir_);
  }
  record->collector_ = *std::move(collector);
  ASSIGN_OR_RETURN(record->guard_, access::RunGuard::Open(record->run_dir_, "main.gbx"));
  return record;
}

// The graph as it is before the build. Where Ninja makes its manifest anew first, the edges that are new then
// are not known, and not held strictly, nor by rules for a target or an output.
absl::Status BuildRecord::AskForGraph() {
  const bool strict = request_.policies.MayBeStrict();
  if (!strict && !request_.policies.SelectsEdges()) return absl::OkStatus();
  ASSIGN_OR_RETURN(graph::NinjaGraph graph,
                   graph::LoadNinjaGraph({request_.ninja, request_.build_dir, request_.manifest}));
  graph_ = std::make_shared<const graph::NinjaGraph>(std::move(graph));
  if (strict) {
    oracle_ =
        std::make_unique<EdgeOracle>(graph_, info_.source_dir.empty() ? "" : RealPath(info_.source_dir));
  }
  return absl::OkStatus();
}

// .ninja_log tells which edges have succeeded, the access log which shells were seen. Where there are fewer
// of these, the edges are named. A failed edge is in neither of Ninja's lists, so a Ninja that was not
// entered at all is a hole of its own.
void BuildRecord::NoteUnseenEdges() {
  const auto hole = [this](const std::string& kind, const std::string& detail) {
    collector_->AddHole({0, static_cast<uint64_t>(Now(CLOCK_MONOTONIC)), 0, kind, detail});
  };
  if (!request_.entered) {
    hole("ninja-not-entered",
         absl::StrCat(request_.ninja, " is a static program: LD_PRELOAD does not reach it"));
  }
  if (log_path_.empty()) return;
  const absl::StatusOr<std::vector<graph::RanEdge>> ran =
      graph::EdgesRan(log_before_, TextOrNothing(log_path_));
  if (!ran.ok()) {
    hole("ninja-log-unreadable", std::string(ran.status().message()));
    return;
  }
  if (ran->empty()) return;
  const std::vector<std::string> commands = collector_->EdgeCommands();
  if (commands.size() >= ran->size()) return;
  absl::flat_hash_map<std::string, int> seen;
  for (const std::string& command : commands) ++seen[command];
  const absl::StatusOr<graph::NinjaGraph> graph =
      graph::LoadNinjaGraph({request_.ninja, request_.build_dir, request_.manifest});
  for (const graph::RanEdge& edge : *ran) {
    const graph::NinjaEdge* declared = graph.ok() ? graph->ByOutput(edge.outputs.front()) : nullptr;
    if (declared != nullptr && seen[declared->command]-- > 0) continue;
    hole("unwrapped-edge", absl::StrCat(edge.outputs.front(), ": its shell was not seen"));
  }
}

BuildRecord::Finished BuildRecord::Finish(int wait_status) {
  NoteUnseenEdges();
  const int exit_status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  trace::CollectorSummary summary = collector_->Stop(exit_status, kLeftOverGraceMs);
  if (summary.actions == 0 && summary.holes == 0) {
    access::DropRun(run_dir_);
    return {};
  }
  const std::string said = HoldLog(exit_status, &summary);
  const std::string before = said.empty() ? "" : absl::StrCat("glovebox: ", EscapeBytes(said), "\n");
  if (request_.verify && summary.log.ok()) {
    return Verify(absl::StrCat(before, SummaryLine(summary, request_.build_dir)));
  }
  return {
      absl::StrCat(before, SummaryLine(summary, request_.build_dir, summary.log.ok() ? CountFindings() : "")),
      request_.verify ? report::ExitStatusOf(report::Verified::kIncomplete) : 0};
}

// Findings first: the last line of a build is the one that is read.
BuildRecord::Finished BuildRecord::Verify(const std::string& line) const {
  const absl::StatusOr<report::Input> input =
      report::Load({request_.build_dir, run_dir_, /*ask_ninja=*/true, /*verify=*/true});
  if (!input.ok()) {
    return {absl::StrCat(line, "\nglovebox: not verified: ", EscapeBytes(input.status().message())),
            report::ExitStatusOf(report::Verified::kIncomplete)};
  }
  const report::Summary summary =
      report::SummarizeAndJudge(*input, request_.policies.terms(), report::Depth::kActions);
  report::Style style = report::StyleFor(STDERR_FILENO);
  style.build = report::BuildOption(request_.build_dir);
  std::string text = report::VerifyText(summary, style, /*all=*/false);
  const size_t last = text.rfind('\n', text.size() - 2);
  text.insert(last == std::string::npos ? 0 : last + 1, "glovebox: ");
  text.pop_back();
  return {absl::StrCat(line, "\n", text), report::ExitStatusOf(report::VerifiedOf(summary))};
}

// As `glovebox report` will find them. Where the log cannot be read, that one says why.
std::string BuildRecord::CountFindings() const {
  const absl::StatusOr<report::Input> input = report::Load({request_.build_dir, run_dir_});
  if (!input.ok()) return "";
  return report::CountText(report::JudgeInput(*input, request_.policies.terms()));
}

// What an edge did to the place of the log is told, and does not change how the build ends.
std::string BuildRecord::HoldLog(int exit_status, trace::CollectorSummary* summary) const {
  const std::string loss = guard_->Loss();
  if (loss.empty()) {
    const absl::StatusOr<std::string> latest = guard_->HoldLatest();
    if (latest.ok()) return *latest;
    return absl::StrCat("the report of this build: --log ", run_dir_, ": ", latest.status().message());
  }
  std::string what =
      absl::StrCat("access log ", run_dir_, " ", loss, " while the build ran: what it touched is not known");
  summary->complete = 0;
  summary->log = absl::DataLossError(what);
  access::RunEnd end;
  end.time_ns = static_cast<uint64_t>(Now(CLOCK_MONOTONIC));
  end.exit_status = exit_status;
  end.segments = 1;
  const absl::StatusOr<std::string> mark = guard_->LeaveMark(
      request_.build_dir, {info_, access::Hole{0, end.time_ns, 0, "log-lost", std::move(what)}, end});
  return mark.ok() ? ""
                   : absl::StrCat("no report will say what became of the log: ", mark.status().message());
}

std::string WithCommas(uint64_t number) {
  std::string text = absl::StrCat(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string SummaryLine(const trace::CollectorSummary& summary, const std::string& build_dir,
                        const std::string& findings) {
  std::string line = absl::StrCat(
      "glovebox: ", WithCommas(summary.actions),
      summary.actions == 1 ? " action: " : " actions: ", WithCommas(summary.complete), " seen in full");
  if (summary.actions > summary.complete) {
    absl::StrAppend(&line, ", ", WithCommas(summary.actions - summary.complete), " incomplete");
  }
  absl::StrAppend(&line, ", ", WithCommas(summary.accesses), summary.accesses == 1 ? " access" : " accesses");
  if (summary.holes > 0) {
    absl::StrAppend(&line, ", ", WithCommas(summary.holes), summary.holes == 1 ? " hole" : " holes");
  }
  if (!summary.left_over.empty()) {
    absl::StrAppend(&line, ", ", summary.left_over.size(),
                    summary.left_over.size() == 1 ? " process outlived its command"
                                                  : " processes outlived their commands");
  }
  if (!summary.log.ok()) {
    absl::StrAppend(&line, ", the log is not whole (", EscapeBytes(summary.log.message()), ")");
  }
  if (!findings.empty()) absl::StrAppend(&line, ", ", findings);
  absl::StrAppend(&line, " - report: glovebox report -C ", PasteWord(build_dir));
  return line;
}

}  // namespace glovebox::ninja
