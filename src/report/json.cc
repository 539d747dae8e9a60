#include "report/json.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/status.h"
#include "nlohmann/json.hpp"

namespace glovebox::report {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(absl::string_view bytes) { return EscapeBytes(bytes); }

void PutBytes(Json* object, const char* name, absl::string_view bytes) {
  (*object)[name] = Text(bytes);
  if (!IsUtf8(bytes)) (*object)[absl::StrCat(name, "_bytes")] = absl::Base64Escape(bytes);
}

Json TextArray(const std::vector<std::string>& strings) {
  Json array = Json::array();
  for (const std::string& string : strings) array.push_back(Text(string));
  return array;
}

// An action, or null where there is none.
Json Number(access::ActionId id) { return id == 0 ? Json(nullptr) : Json(id); }

Json WhatArray(uint32_t what) {
  static constexpr const char* kNames[] = {"read",    "executed", "listed",  "looked",       "absent",
                                           "created", "changed",  "removed", "renamed-from", "renamed-onto",
                                           "refused", "failed",   "unclear"};
  Json array = Json::array();
  for (size_t bit = 0; bit < std::size(kNames); ++bit) {
    if ((what >> bit & 1) != 0) array.push_back(kNames[bit]);
  }
  return array;
}

Json RunJson(const Summary& summary) {
  const access::RunInfo& run = summary.run;
  Json json;
  json["directory"] = Text(summary.run_dir);
  json["tool"] = Text(run.tool);
  json["command"] = TextArray(run.command);
  json["source_dir"] = Text(run.source_dir);
  json["build_dir"] = Text(run.build_dir);
  json["home"] = Text(run.home);
  json["tmp"] = Text(run.tmp);
  json["kernel"] = Text(run.kernel);
  json["start_unix_ns"] = run.start_unix_ns;
  json["wall_ns"] = summary.wall_ns();
  json["loose"] = summary.loose;
  json["unwrapped"] = summary.unwrapped;
  json["ended"] = summary.ended;
  json["being_written"] = summary.being_written;
  json["exit_status"] = summary.ended && !summary.loose ? Json(summary.exit_status) : Json(nullptr);
  json["log_bytes"] = summary.log_bytes;
  return json;
}

Json TotalsJson(const Summary& summary) {
  uint64_t holes = 0;
  for (const HoleFacts& hole : summary.holes) holes += hole.count;
  Json json;
  json["actions"] = summary.actions.size();
  json["complete_actions"] = summary.complete_actions();
  json["records"] = summary.records;
  json["accesses"] = summary.accesses;
  json["files"] = summary.files.size();
  json["holes"] = holes;
  Json ops = Json::object();
  for (size_t op = 0; op < summary.by_op.size(); ++op) {
    if (summary.by_op[op] != 0) ops[std::string(OpName(static_cast<Op>(op)))] = summary.by_op[op];
  }
  json["by_operation"] = std::move(ops);
  return json;
}

Json LevelOf(const ActionFacts& action) {
  static constexpr const char* kLevels[] = {"off", "open", "full"};
  if (!action.has_begin || action.begin.level >= std::size(kLevels)) return nullptr;
  return kLevels[action.begin.level];
}

Json ActionJson(const ActionFacts& action) {
  Json json;
  json["number"] = action.id;
  json["parent"] = Number(action.parent);
  json["name"] = action.name;  // escaped when it was made
  json["role"] = std::string(access::RoleName(action.begin.role));
  json["mode"] = action.begin.mode.empty() ? Json(nullptr) : Json(action.begin.mode);
  json["level"] = LevelOf(action);
  json["target"] = Text(action.begin.target);
  json["target_type"] = Text(action.begin.target_type);
  json["language"] = Text(action.begin.language);
  json["cwd"] = Text(action.begin.cwd);
  json["outputs"] = TextArray(action.begin.outputs);
  json["argv"] = TextArray(action.begin.argv);
  json["complete"] = action.complete();
  json["why_incomplete"] = TextArray(action.why_incomplete);
  json["end"] = action.has_end ? Json(std::string(access::EndName(action.end.kind))) : Json(nullptr);
  json["status"] = action.has_end ? Json(action.end.status) : Json(nullptr);
  json["step"] = Text(action.end.step);
  json["wall_ns"] = action.wall_ns();
  json["cpu_ns"] = action.end.cpu_ns;
  json["peak_bytes"] = action.end.peak_bytes;
  json["peak_processes"] = action.end.peak_processes;
  json["measured"] = Text(action.end.measured);
  json["limit"] = Text(action.end.limit);
  json["accesses"] = action.accesses;
  json["reads"] = action.reads;
  json["writes"] = action.writes;
  json["probes"] = action.probes;
  json["holes"] = action.holes;
  json["left_over"] = TextArray(action.end.left_over);
  return json;
}

Json FileJson(const FileFacts& file) {
  Json json;
  PutBytes(&json, "path", file.path);
  json["class"] = std::string(ClassName(file.path_class));
  json["what"] = WhatArray(file.what);
  json["fate"] = std::string(FateName(file.fate));
  json["accesses"] = file.accesses;
  json["first_action"] = Number(file.first_action);
  json["first_writer"] = Number(file.first_writer);
  json["several_actions"] = file.several_actions;
  return json;
}

Json EndpointJson(const EndpointFacts& endpoint) {
  Json json;
  PutBytes(&json, "address", endpoint.address);
  json["internet"] = endpoint.internet;
  json["connect"] = endpoint.calls[0];
  json["bind"] = endpoint.calls[1];
  json["send"] = endpoint.calls[2];
  json["refused"] = endpoint.refused;
  Json programs = Json::array();
  for (const auto& [exe, calls] : endpoint.programs) {
    Json program;
    PutBytes(&program, "path", exe);
    program["calls"] = calls;
    programs.push_back(std::move(program));
  }
  json["programs"] = std::move(programs);
  json["first_action"] = Number(endpoint.first_action);
  return json;
}

Json DeniedJson(const DeniedFacts& denied) {
  Json json;
  json["syscall"] = Text(denied.syscall);
  PutBytes(&json, "path", denied.path);
  json["errno"] = denied.error;
  json["errno_name"] = ErrnoName(denied.error);
  json["calls"] = denied.calls;
  json["program"] = Text(denied.exe);
  json["first_action"] = Number(denied.first_action);
  return json;
}

Json HoleJson(const HoleFacts& hole) {
  Json json;
  json["kind"] = Text(hole.kind);
  json["count"] = hole.count;
  json["detail"] = Text(hole.detail);
  json["first_action"] = Number(hole.first_action);
  return json;
}

Json TearJson(const access::Tear& tear) {
  Json json;
  json["segment"] = Text(tear.segment);
  json["offset"] = tear.offset;
  json["reason"] = Text(tear.reason);
  json["being_written"] = tear.being_written;
  return json;
}

Json LeftOverJson(const LeftOver& left) {
  Json json;
  json["process"] = Text(left.process);
  json["action"] = Number(left.action);
  return json;
}

Json EvidenceJson(const verify::Evidence& evidence) {
  static constexpr const char* kDecisions[] = {"continued", "denied", "emulated", "kernel-denied"};
  Json json;
  json["call"] = Text(evidence.call);
  json["operation"] = std::string(OpName(evidence.op));
  PutBytes(&json, "program", evidence.program);
  json["pid"] = evidence.pid;
  if (!evidence.spelled.empty()) PutBytes(&json, "spelled", evidence.spelled);
  json["time_ns"] = evidence.time_ns;
  json["result"] = std::string(access::ResultName(evidence.result));
  json["errno"] = evidence.error;
  json["decision"] = kDecisions[static_cast<size_t>(evidence.decision) % std::size(kDecisions)];
  json["callers"] = Json::array();
  for (const verify::Caller& caller : evidence.callers) {
    Json one = {{"pid", caller.pid}};
    PutBytes(&one, "program", caller.program);
    json["callers"].push_back(std::move(one));
  }
  return json;
}

Json FindingJson(const FindingFacts& facts) {
  const verify::Finding& finding = facts.finding;
  Json json;
  json["id"] = finding.id;
  json["rule"] = Text(finding.rule);
  json["severity"] = std::string(verify::SeverityName(finding.severity));
  json["action"] = Number(facts.action);
  json["action_name"] = finding.action_name;  // escaped when it was made
  PutBytes(&json, "object", finding.object);
  json["objects"] = TextArray(finding.objects);
  json["what"] = Text(finding.what);
  json["where"] = Text(finding.where);
  json["policy"] = Text(finding.place);
  json["calls"] = finding.calls;
  json["refused"] = finding.refused;
  json["evidence"] = finding.calls == 0 ? Json(nullptr) : EvidenceJson(finding.evidence);
  Json others = Json::array();
  for (const access::ActionId other : facts.others) others.push_back(Number(other));
  json["others"] = std::move(others);
  json["edges"] = TextArray(facts.edges);
  json["why"] = Text(finding.so);
  json["repair"] = Text(finding.repair);
  return json;
}

// How closely the edge was looked at: as its shell, the first of its actions, was.
Json LevelJson(const Summary& summary, const verify::EdgeVerdict& edge) {
  if (edge.actions.empty() || edge.actions.front() >= summary.begun.size()) return nullptr;
  const ActionFacts* shell = summary.Find(summary.begun[edge.actions.front()]);
  return shell == nullptr ? Json(nullptr) : LevelOf(*shell);
}

Json EdgeJson(const Summary& summary, const verify::EdgeVerdict& edge) {
  Json json;
  json["outputs"] = TextArray(edge.outputs);
  json["rule"] = Text(edge.rule);
  json["verdict"] = std::string(verify::VerdictName(edge.verdict));
  json["level"] = LevelJson(summary, edge);
  json["why"] = Text(edge.why);
  json["where"] = Text(edge.where);
  return json;
}

class Writer {
 public:
  explicit Writer(std::ostream& out) : out_(out) {}
  void Member(const char* name, const Json& value) {
    Name(name);
    out_ << value.dump();
  }
  // One line an entry: also readable with line tools.
  template <typename Range, typename Make>
  void Array(const char* name, const Range& range, Make make) {
    Name(name);
    out_ << "[";
    bool first = true;
    for (const auto& entry : range) {
      out_ << (first ? "\n" : ",\n") << make(entry).dump();
      first = false;
    }
    out_ << (first ? "]" : "\n]");
  }
  void End() { out_ << "\n}\n"; }

 private:
  void Name(const char* name) {
    out_ << (first_ ? "{\n\"" : ",\n\"") << name << "\": ";
    first_ = false;
  }
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace

void WriteJson(const Summary& summary, std::ostream& out) {
  Writer writer(out);
  writer.Member("format", "glovebox-report");
  writer.Member("version", kJsonVersion);
  writer.Member("run", RunJson(summary));
  writer.Member("totals", TotalsJson(summary));
  writer.Array("tears", summary.tears, TearJson);
  writer.Array("holes", summary.holes, HoleJson);
  writer.Member("skipped", TextArray(summary.skipped));
  // Null: nobody has judged, which is not the same as no finding.
  if (summary.judged) {
    writer.Array("findings", summary.findings, FindingJson);
  } else {
    writer.Member("findings", nullptr);
  }
  writer.Member("findings_allowed", summary.allowed);
  if (summary.verified) {
    writer.Array("edges", summary.edges,
                 [&summary](const verify::EdgeVerdict& edge) { return EdgeJson(summary, edge); });
  } else {
    writer.Member("edges", nullptr);
  }
  writer.Array("denied", summary.denied, DeniedJson);
  writer.Array("left_over", summary.left_over, LeftOverJson);
  writer.Array("endpoints", summary.endpoints, EndpointJson);
  writer.Array("actions", summary.actions, ActionJson);
  writer.Array("files", summary.files, FileJson);
  writer.End();
}

}  // namespace glovebox::report
