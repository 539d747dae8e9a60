#include "report/sarif.h"

#include <time.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "nlohmann/json.hpp"
#include "report/format.h"
#include "report/sarif_rules.h"
#include "report/source_place.h"

namespace glovebox::report {
namespace {

using Json = nlohmann::ordered_json;
using verify::Finding;

constexpr char kSchema[] =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr int kSentence = 1000;  // columns of one sentence of a message
constexpr size_t kNamed = 20;    // of the files that were folded into a directory, and of other actions

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Plain text of a message. What a name must not be taken for is escaped as odd bytes are: a placeholder
// ("{0}"), and the target of a link ("[text](target)"), with which a file's name could lead people elsewhere.
// Other braces stay single: SARIF would have them doubled, and who shows them shows what stands there.
std::string Message(absl::string_view bytes) {
  const std::string text = Shorten(EscapeBytes(bytes), kSentence);
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '{' && next >= '0' && next <= '9') {
      absl::StrAppend(&safe, "\\x7b");
    } else if (text[i] == ']' && next == '(') {
      absl::StrAppend(&safe, "]\\x28");
      ++i;
    } else {
      safe += text[i];
    }
  }
  return safe;
}

std::string MessageOf(const Finding& finding) {
  std::string text = absl::StrCat(Message(finding.what), finding.refused ? " (it was refused)." : ".");
  if (!finding.so.empty()) absl::StrAppend(&text, "\nWhy it matters: ", Message(finding.so), ".");
  if (!finding.repair.empty()) absl::StrAppend(&text, "\nWhat mends it: ", Message(finding.repair), ".");
  return text;
}

// RFC 3986: whatever is not unreserved, and no slash, by its byte. So a colon in the first name is no scheme.
std::string UriPath(absl::string_view path) {
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::string_view("-._~/").find(c) != absl::string_view::npos) {
      uri += c;
    } else {
      absl::StrAppendFormat(&uri, "%%%02X", byte);
    }
  }
  return uri;
}

class Writer {
 public:
  Writer(const Summary& summary, const SarifOptions& options) : summary_(summary), options_(options) {
    const access::RunInfo& run = summary.run;
    source_ = CleanPath(run.source_dir.empty() ? run.build_dir : run.source_dir);
    root_ = options.root.empty() ? source_ : CleanPath(options.root);
  }
  std::string Report();

 private:
  bool IsKnown(size_t finding) const {
    return options_.compared != nullptr && !options_.compared->IsNew(finding);
  }
  std::vector<size_t> Order() const;
  Json ArtifactOf(const std::string& file) const;
  Json PhysicalOf(const SourcePlace& place) const;
  bool IsInside(const SourcePlace& place) const {
    return !place.file.empty() && IsUnder(CleanPath(JoinPath(source_, place.file)), root_);
  }
  Json LogicalOf(const FindingFacts& facts) const;
  void AddLocations(const FindingFacts& facts, Json* result) const;
  void AddStanding(size_t number, Json* result) const;
  Json PropertiesOf(const FindingFacts& facts) const;
  Json ResultOf(size_t number);
  Json InvocationOf(size_t left_out) const;
  Json DriverOf();

  const Summary& summary_;
  const SarifOptions& options_;
  std::string source_, root_;
  SarifRules rules_;
  absl::flat_hash_map<absl::string_view, size_t> seen_;  // how often an id came
};

std::vector<size_t> Writer::Order() const {
  std::vector<size_t> order(summary_.findings.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
    if (IsKnown(a) != IsKnown(b)) return IsKnown(b);
    return summary_.findings[a].finding.severity > summary_.findings[b].finding.severity;
  });
  return order;
}

Json Writer::ArtifactOf(const std::string& file) const {
  const std::string path = CleanPath(JoinPath(source_, file));
  if (path.empty() || path[0] != '/') return {{"uri", UriPath(path)}};  // a log without directories
  if (!IsUnder(path, root_) || path == root_) return {{"uri", absl::StrCat("file://", UriPath(path))}};
  const size_t below = root_ == "/" ? 1 : root_.size() + 1;
  return {{"uri", UriPath(path.substr(below))}, {"uriBaseId", "SRCROOT"}};
}

Json Writer::PhysicalOf(const SourcePlace& place) const {
  return {{"artifactLocation", ArtifactOf(place.file)},
          {"region",
           {{"startLine", std::max(place.line, 1)},
            {"startColumn", std::max(place.column, 1)},
            {"endLine", std::max(place.line, 1)}}}};
}

Json Writer::LogicalOf(const FindingFacts& facts) const {
  const ActionFacts* action = summary_.Find(facts.action);
  Json logical = {{"name", facts.finding.action_name}};
  if (action != nullptr) logical["kind"] = std::string(access::RoleName(action->begin.role));
  if (action != nullptr && !action->begin.target.empty())
    logical["fullyQualifiedName"] =
        absl::StrCat(EscapeBytes(action->begin.target), "::", facts.finding.action_name);
  return logical;
}

// By what made the action; else by the line of the policy, where it is a file of the checkout; else by the
// project as a whole.
void Writer::AddLocations(const FindingFacts& facts, Json* result) const {
  SourcePlace where = PlaceOfWhere(facts.finding.where);
  const SourcePlace rule = PlaceOfRule(facts.finding.place);
  const bool by_rule = where.file.empty() && IsInside(rule);
  if (by_rule) where = rule;
  if (where.file.empty()) where = {options_.project_file, 1, 1, ""};
  Json location = {{"physicalLocation", PhysicalOf(where)}};
  if (!facts.finding.action_name.empty()) location["logicalLocations"] = Json::array({LogicalOf(facts)});
  (*result)["locations"] = Json::array({std::move(location)});
  if (rule.file.empty() || by_rule) return;
  (*result)["relatedLocations"] = Json::array(
      {{{"id", 1}, {"physicalLocation", PhysicalOf(rule)}, {"message", {{"text", "what the policy says"}}}}});
}

// GitHub shows a result as open although it is suppressed; others do not.
void Writer::AddStanding(size_t number, Json* result) const {
  if (options_.compared == nullptr) return;
  (*result)["baselineState"] = IsKnown(number) ? "unchanged" : "new";
  const size_t entry = options_.compared->entry[number];
  if (!IsKnown(number) || options_.baseline == nullptr || entry == verify::kNoEntry) return;
  const verify::BaselineEntry& known = options_.baseline->entries[entry];
  Json suppression = {{"kind", "external"}, {"status", "accepted"}};
  if (!known.reason.empty() || !known.owner.empty()) {
    suppression["justification"] =
        absl::StrCat(known.reason, known.reason.empty() || known.owner.empty() ? "" : ": ", known.owner);
  }
  (*result)["suppressions"] = Json::array({std::move(suppression)});
}

Json Writer::PropertiesOf(const FindingFacts& facts) const {
  const Finding& finding = facts.finding;
  Json json = {{"id", finding.id}, {"object", EscapeBytes(finding.object)}};
  if (!IsUtf8(finding.object)) json["objectBytes"] = absl::Base64Escape(finding.object);
  if (facts.action != 0) json["action"] = facts.action;
  for (size_t i = 0; i < std::min(facts.others.size(), kNamed); ++i) {
    const ActionFacts* other = summary_.Find(facts.others[i]);
    if (other != nullptr) json["others"].push_back(other->name);
  }
  for (size_t i = 0; i < std::min(facts.edges.size(), kNamed); ++i)
    json["edges"].push_back(EscapeBytes(facts.edges[i]));
  if (!finding.place.empty()) json["policy"] = EscapeBytes(finding.place);
  if (finding.calls > 0) {
    json["call"] = EscapeBytes(finding.evidence.call);
    json["program"] = EscapeBytes(finding.evidence.program);
    for (const verify::Caller& caller : finding.evidence.callers)
      json["callers"].push_back(EscapeBytes(caller.program));
  }
  if (!finding.objects.empty()) {
    Json objects = Json::array();
    for (size_t i = 0; i < std::min(finding.objects.size(), kNamed); ++i)
      objects.push_back(EscapeBytes(finding.objects[i]));
    json["objects"] = std::move(objects);
    json["objectsInAll"] = finding.objects.size();
  }
  return json;
}

Json Writer::ResultOf(size_t number) {
  const FindingFacts& facts = summary_.findings[number];
  const Finding& finding = facts.finding;
  Json result;
  result["ruleId"] = EscapeBytes(finding.rule);
  result["ruleIndex"] = rules_.IndexOf(finding.rule);
  result["level"] = SarifLevel(finding.severity);
  result["message"] = {{"text", MessageOf(finding)}};
  AddLocations(facts, &result);
  // The second is the one by which GitHub knows an alert again. Its own action would make it of the words in
  // the line, of which all findings of one add_custom_command() have the same: they would be one alert.
  result["partialFingerprints"] = {
      {"gloveboxFinding/v1", finding.id},
      {"primaryLocationLineHash", absl::StrCat(finding.id, ":", ++seen_[finding.id])}};
  if (finding.calls > 0) result["occurrenceCount"] = finding.calls;
  AddStanding(number, &result);
  result["properties"] = PropertiesOf(facts);
  return result;
}

std::string UtcText(int64_t unix_ns) {
  const time_t seconds = unix_ns / 1'000'000'000;
  tm parts{};
  char text[32];
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return std::string(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

Json Notification(const char* id, const char* level, const std::string& text) {
  return {{"descriptor", {{"id", id}}}, {"level", level}, {"message", {{"text", text}}}};
}

// "2 of 8 actions were not seen in full, 1 command was not seen at all"; empty: all was seen.
std::string UnseenText(const Summary& summary) {
  std::vector<std::string> parts;
  const uint64_t actions = summary.actions.size();
  if (const uint64_t incomplete = actions - summary.complete_actions(); incomplete > 0) {
    parts.push_back(absl::StrCat(Thousands(incomplete), " of ", Count(actions, "action"),
                                 incomplete == 1 ? " was" : " were", " not seen in full"));
  }
  const bool torn = std::any_of(summary.tears.begin(), summary.tears.end(),
                                [](const access::Tear& tear) { return tear.is_damage(); });
  if (torn) parts.emplace_back("the log is damaged");
  if (parts.empty() && !summary.holes.empty())
    parts.push_back(Count(summary.holes.size(), "kind of call was not seen", "kinds of calls were not seen"));
  const auto unknown = std::count_if(summary.edges.begin(), summary.edges.end(), [](const auto& edge) {
    return edge.verdict == verify::Verdict::kIncomplete;
  });
  if (unknown > 0) {
    parts.push_back(absl::StrCat(Thousands(static_cast<uint64_t>(unknown)), " of ",
                                 Count(summary.edges.size(), "edge"), unknown == 1 ? " is" : " are",
                                 " incomplete"));
  }
  if (summary.unwrapped > 0) {
    parts.push_back(absl::StrCat(Count(summary.unwrapped, "command"),
                                 summary.unwrapped == 1 ? " was" : " were", " not seen at all"));
  }
  return absl::StrJoin(parts, ", ");
}

Json Writer::InvocationOf(size_t left_out) const {
  Json json;
  // Without a judgement no result says nothing.
  json["executionSuccessful"] = summary_.judged;
  if (summary_.run.start_unix_ns > 0) json["startTimeUtc"] = UtcText(summary_.run.start_unix_ns);
  Json notes = Json::array();
  if (!summary_.judged)
    notes.push_back(Notification("not-judged", "error", "Nobody has looked for findings."));
  if (left_out > 0) {
    notes.push_back(
        Notification("left-out", "warning",
                     absl::StrCat(Count(left_out, "finding"), " of ", Thousands(summary_.findings.size()),
                                  left_out == 1 ? " is" : " are",
                                  " left out: this file would be larger than its readers take.")));
  }
  const std::string unseen = UnseenText(summary_);
  if (!unseen.empty())
    notes.push_back(
        Notification("not-seen", "warning", absl::StrCat(unseen, ": there may be more to find.")));
  if (!notes.empty()) json["toolExecutionNotifications"] = std::move(notes);
  return json;
}

Json Writer::DriverOf() {
  Json driver = {{"name", "Glovebox"}};
  if (!options_.version.empty()) {
    driver["version"] = options_.version;
    driver["semanticVersion"] = options_.version;
  }
  driver["rules"] = rules_.Take();
  driver["notifications"] = Json::array();
  for (const auto& [id, text] : {std::pair("left-out", "Findings are left out."),
                                 std::pair("not-judged", "Nobody has looked for findings."),
                                 std::pair("not-seen", "Not all of the build was seen.")}) {
    driver["notifications"].push_back({{"id", id}, {"shortDescription", {{"text", text}}}});
  }
  return driver;
}

// The results come first, since they say which rules there are and what is left out; one line each, so that a
// large file can be read with line tools.
std::string Writer::Report() {
  std::string out = absl::StrCat("{\n\"$schema\": \"", kSchema,
                                 "\",\n\"version\": \"2.1.0\",\n\"runs\": [{\n\"results\": [");
  size_t written = 0;
  for (const size_t number : Order()) {
    if (written == options_.most_results || out.size() > options_.most_bytes) break;
    absl::StrAppend(&out, written == 0 ? "\n" : ",\n", Dump(ResultOf(number)));
    ++written;
  }
  const size_t left_out = summary_.findings.size() - written;
  absl::StrAppend(&out, written == 0 ? "]" : "\n]", ",\n\"tool\": ", Dump({{"driver", DriverOf()}}),
                  ",\n\"invocations\": ", Dump(Json::array({InvocationOf(left_out)})));
  if (!root_.empty() && root_[0] == '/') {
    const std::string uri = absl::StrCat("file://", UriPath(root_), root_ == "/" ? "" : "/");
    absl::StrAppend(&out, ",\n\"originalUriBaseIds\": ", Dump({{"SRCROOT", {{"uri", uri}}}}));
  }
  const Json properties = {{"buildDirectory", EscapeBytes(summary_.run.build_dir)},
                           {"findings", summary_.findings.size()},
                           {"findingsLeftOut", left_out},
                           {"findingsAllowed", summary_.allowed}};
  absl::StrAppend(&out, ",\n\"columnKind\": \"unicodeCodePoints\",\n\"properties\": ", Dump(properties),
                  "\n}]\n}\n");
  return out;
}

}  // namespace

SarifOptions SarifOptionsFor(const Summary& summary, const std::string& version) {
  SarifOptions options;
  options.version = version;
  const std::string& source = summary.run.source_dir;
  if (source.empty() || source[0] != '/') return options;
  for (std::string at = CleanPath(source);; at = std::string(Dirname(at))) {
    if (FileExists(JoinPath(at, ".git"))) options.root = at;
    if (!options.root.empty() || at == "/") break;
  }
  for (const std::string& file :
       {std::string("CMakeLists.txt"), std::string("meson.build"), std::string("build.ninja"),
        JoinPath(summary.run.build_dir, "build.ninja")}) {
    if (!FileExists(JoinPath(source, file))) continue;
    options.project_file = file;
    break;
  }
  return options;
}

std::string SarifReport(const Summary& summary, const SarifOptions& options) {
  return Writer(summary, options).Report();
}

}  // namespace glovebox::report
