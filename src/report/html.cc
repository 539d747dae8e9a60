#include "report/html.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "report/page_text.h"
#include "verify/rules.h"

namespace glovebox::report {
namespace {

using Json = nlohmann::ordered_json;

// As it may stand in a script element: ASCII, and these three only ever occur inside of strings.
void Put(const Json& value, std::string* out) {
  for (const char c : value.dump(-1, ' ', true)) {
    if (c == '<' || c == '>' || c == '&') {
      absl::StrAppend(out, "\\u00", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
    } else {
      out->push_back(c);
    }
  }
}

Json Texts(const std::vector<std::string>& strings) {
  Json array = Json::array();
  for (const std::string& string : strings) array.push_back(EscapeBytes(string));
  return array;
}

class Writer {
 public:
  Writer(const Summary& summary, const std::vector<verify::EdgeVerdict>& edges,
         const verify::BaselineResult* compared)
      : summary_(summary), edges_(edges), compared_(compared) {}

  std::string Page() {
    for (const absl::string_view piece : PageHead()) absl::StrAppend(&out_, piece);
    Member("format", "glovebox-page");
    Member("version", 1);
    Member("run", Run());
    Member("rules", Rules());
    Table("edges", {"outputs$", "rule$", "verdict$", "why$", "actions", "findings", "after", "where$"},
          edges_, [this](const verify::EdgeVerdict& edge) { return Edge(edge); });
    Table("findings", {"id",      "rule$",  "severity$", "action",   "action_name$", "object$", "objects$",
                       "what$",   "where$", "policy$",   "so$",      "repair$",      "others",  "edges$",
                       "calls",   "call$",  "refused",   "pid",      "program$",     "time",    "operation$",
                       "result$", "error$", "known",     "callers$", "pids"},
          summary_.findings, [this](const FindingFacts& facts) { return Finding(facts); });
    Table("actions",
          {"number", "parent", "name$", "role$", "begin", "end", "ended$", "status", "accesses", "why$"},
          summary_.actions, [this](const ActionFacts& action) { return Action(action); });
    Member("unseen", Unseen());
    Member("endpoints", Endpoints());
    Member("strings", strings_);  // last: the others fill it
    out_ += "}\n";
    for (const absl::string_view piece : PageTail()) absl::StrAppend(&out_, piece);
    return std::move(out_);
  }

 private:
  // The index of a text that is escaped already.
  size_t Escaped(absl::string_view text) {
    const auto [found, fresh] = places_.try_emplace(std::string(text), strings_.size());
    if (fresh) strings_.push_back(text);
    return found->second;
  }
  size_t Text(absl::string_view bytes) { return Escaped(EscapeBytes(bytes)); }
  Json TextList(const std::vector<std::string>& strings) {
    Json array = Json::array();
    for (const std::string& string : strings) array.push_back(Text(string));
    return array;
  }
  // The row of an action, by its number for people.
  int64_t Row(access::ActionId number) const {
    const ActionFacts* action = number == 0 ? nullptr : summary_.Find(number);
    return action == nullptr ? -1 : action - summary_.actions.data();
  }
  uint64_t Time(uint64_t time_ns) const {
    return time_ns > summary_.first_ns ? (time_ns - summary_.first_ns) / 1000 : 0;
  }

  void Member(const char* name, const Json& value) {
    absl::StrAppend(&out_, first_ ? "{\"" : ",\n\"", name, "\":");
    first_ = false;
    Put(value, &out_);
  }
  template <typename Range, typename Make>
  void Table(const char* name, const Json& columns, const Range& range, Make make) {
    absl::StrAppend(&out_, ",\n\"", name, "\":{\"columns\":");
    Put(columns, &out_);
    out_ += ",\"rows\":[";
    bool first = true;
    for (const auto& entry : range) {
      out_ += first ? "\n" : ",\n";
      Put(make(entry), &out_);
      first = false;
    }
    out_ += "]}";
  }

  bool IsKnown(const FindingFacts& facts) const {
    return compared_ != nullptr && !compared_->IsNew(static_cast<size_t>(&facts - summary_.findings.data()));
  }

  Json Run() const;
  Json Rules() const;
  Json Unseen() const;
  Json Endpoints() const;
  Json Edge(const verify::EdgeVerdict& edge);
  Json Finding(const FindingFacts& facts);
  Json Action(const ActionFacts& action);

  const Summary& summary_;
  const std::vector<verify::EdgeVerdict>& edges_;
  const verify::BaselineResult* const compared_;
  std::string out_;
  bool first_ = true;
  absl::flat_hash_map<std::string, size_t> places_;
  Json strings_ = Json::array();
};

Json Writer::Run() const {
  const access::RunInfo& run = summary_.run;
  Json json;
  json["tool"] = EscapeBytes(run.tool);
  json["command"] = Texts(run.command);
  json["source_dir"] = EscapeBytes(run.source_dir);
  json["build_dir"] = EscapeBytes(run.build_dir);
  json["kernel"] = EscapeBytes(run.kernel);
  json["start_ms"] = run.start_unix_ns / 1'000'000;
  json["wall"] = summary_.wall_ns() / 1000;
  json["ended"] = summary_.ended;
  json["being_written"] = summary_.being_written;
  json["exit_status"] = summary_.ended && !summary_.loose ? Json(summary_.exit_status) : Json(nullptr);
  json["log"] = EscapeBytes(summary_.run_dir);
  json["log_bytes"] = summary_.log_bytes;
  json["accesses"] = summary_.accesses;
  json["files"] = summary_.files.size();
  json["judged"] = summary_.judged;
  json["allowed"] = summary_.allowed;
  json["baseline"] = nullptr;
  if (compared_ != nullptr) {
    const auto fresh =
        static_cast<size_t>(std::count_if(summary_.findings.begin(), summary_.findings.end(),
                                          [this](const FindingFacts& f) { return !IsKnown(f); }));
    json["baseline"] = {
        {"known", summary_.findings.size() - fresh}, {"new", fresh}, {"gone", compared_->gone.size()}};
  }
  return json;
}

// What is known of the rules that were broken; of one of a newer Glovebox, nothing.
Json Writer::Rules() const {
  Json json = Json::object();
  for (const FindingFacts& facts : summary_.findings) {
    const verify::Rule* rule = verify::FindRule(facts.finding.rule);
    if (rule == nullptr || json.contains(rule->id)) continue;
    json[rule->id] = {{"title", rule->title}, {"help", rule->help}};
  }
  return json;
}

Json Writer::Unseen() const {
  Json json = Json::array();
  for (const access::Tear& tear : summary_.tears) {
    json.push_back(
        absl::StrCat(tear.being_written ? "being written: " : "damaged log: ", EscapeBytes(tear.segment),
                     " from byte ", tear.offset, ": ", EscapeBytes(tear.reason)));
  }
  for (const HoleFacts& hole : summary_.holes) {
    json.push_back(absl::StrCat("not seen: ", EscapeBytes(hole.kind), ", x", hole.count,
                                hole.detail.empty() ? "" : ": ", EscapeBytes(hole.detail)));
  }
  if (summary_.unwrapped != 0) {
    json.push_back(
        absl::StrCat("not wrapped, and not seen: ", summary_.unwrapped,
                     summary_.unwrapped == 1 ? " command or redirection" : " commands or redirections",
                     " (glovebox cmake-scan)"));
  }
  for (const std::string& step : summary_.SkippedSteps())
    json.push_back(absl::StrCat("not done on this host: ", EscapeBytes(step)));
  for (const std::string& program : summary_.LostPrivileges())
    json.push_back(absl::StrCat("no new privileges: ", EscapeBytes(program)));
  return json;
}

Json Writer::Endpoints() const {
  Json json = Json::array();
  for (const EndpointFacts& endpoint : summary_.endpoints) {
    if (endpoint.internet) json.push_back(EscapeBytes(endpoint.address));
  }
  return json;
}

Json Writer::Edge(const verify::EdgeVerdict& edge) {
  Json actions = Json::array();
  for (const size_t index : edge.actions) {
    const int64_t row = index < summary_.begun.size() ? Row(summary_.begun[index]) : -1;
    if (row >= 0) actions.push_back(row);
  }
  Json findings = Json::array();
  for (const size_t index : edge.findings) {
    if (index < summary_.findings.size()) findings.push_back(index);
  }
  Json after = Json::array();
  for (const size_t index : edge.after) {
    if (index < edges_.size()) after.push_back(index);
  }
  return Json::array({TextList(edge.outputs), Text(edge.rule), Escaped(verify::VerdictName(edge.verdict)),
                      Text(edge.why), std::move(actions), std::move(findings), std::move(after),
                      Text(edge.where)});
}

Json Writer::Finding(const FindingFacts& facts) {
  const verify::Finding& finding = facts.finding;
  const verify::Evidence& evidence = finding.evidence;
  Json others = Json::array();
  for (const access::ActionId other : facts.others) others.push_back(Row(other));
  // What the program met: the decision where it was not simply let go on.
  const bool refused =
      evidence.decision == access::Decision::kDenied || evidence.decision == access::Decision::kKernelDenied;
  Json callers = Json::array(), pids = Json::array();
  for (const verify::Caller& caller : evidence.callers) {
    callers.push_back(Text(caller.program));
    pids.push_back(caller.pid);
  }
  const absl::string_view result = refused ? "refused" : access::ResultName(evidence.result);
  return Json::array({finding.id,
                      Text(finding.rule),
                      Escaped(verify::SeverityName(finding.severity)),
                      Row(facts.action),
                      Escaped(finding.action_name),
                      Text(finding.object),
                      TextList(finding.objects),
                      Text(finding.what),
                      Text(finding.where),
                      Text(finding.place),
                      Text(finding.so),
                      Text(finding.repair),
                      std::move(others),
                      TextList(facts.edges),
                      finding.calls,
                      Text(evidence.call),
                      finding.refused,
                      evidence.pid,
                      Text(evidence.program),
                      Time(evidence.time_ns),
                      Escaped(OpName(evidence.op)),
                      Escaped(result),
                      Escaped(evidence.error == 0 ? "" : ErrnoName(evidence.error)),
                      IsKnown(facts),
                      std::move(callers),
                      std::move(pids)});
}

Json Writer::Action(const ActionFacts& action) {
  std::string why;
  for (const std::string& reason : action.why_incomplete)
    absl::StrAppend(&why, why.empty() ? "" : "; ", reason);
  const uint64_t begin = action.has_begin ? action.begin.time_ns : action.last_ns;
  return Json::array({action.id, Row(action.parent), Escaped(action.name),
                      Escaped(access::RoleName(action.begin.role)), Time(begin),
                      Time(std::max(begin, action.has_end ? action.end.time_ns : action.last_ns)),
                      Escaped(action.has_end ? access::EndName(action.end.kind) : ""), action.end.status,
                      action.accesses, Text(why)});
}

}  // namespace

std::string HtmlReport(const Summary& summary, const std::vector<verify::EdgeVerdict>& edges,
                       const verify::BaselineResult* compared) {
  return Writer(summary, edges, compared).Page();
}

}  // namespace glovebox::report
