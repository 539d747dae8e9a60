#include "report/sarif_rules.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "verify/rules.h"

namespace glovebox::report {
namespace {

using Json = nlohmann::ordered_json;

// "outside-read" -> "OutsideRead": SARIF wants a name beside the id that is not the id.
std::string NameOf(absl::string_view id) {
  std::string name;
  bool first = true;
  for (const char c : id) {
    if (c == '-') {
      first = true;
      continue;
    }
    name += first ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c;
    first = false;
  }
  return name;
}

std::string Sentence(absl::string_view text) {
  std::string sentence(text);
  if (!sentence.empty())
    sentence[0] = static_cast<char>(absl::ascii_toupper(static_cast<unsigned char>(sentence[0])));
  return absl::StrCat(sentence, ".");
}

const char* ProblemSeverity(verify::Severity severity) {
  if (severity == verify::Severity::kError) return "error";
  return severity == verify::Severity::kWarning ? "warning" : "recommendation";
}

Json RuleJson(const verify::Rule& rule) {
  Json json;
  json["id"] = rule.id;
  json["name"] = NameOf(rule.id);
  json["shortDescription"] = {{"text", Sentence(rule.title)}};
  json["fullDescription"] = {{"text", rule.help}};
  json["defaultConfiguration"] = {{"level", SarifLevel(rule.severity)}};
  json["help"] = {
      {"text", verify::ExplainRule(rule)},
      {"markdown", absl::StrCat(rule.help, "\n\n```\n", rule.example, "\n```\n\n**Why it matters:** ",
                                rule.so, ".\n\n**What mends it:** ", rule.repair, ".\n")}};
  // What GitHub sorts by. A finding was seen, and is not guessed.
  json["properties"] = {{"precision", "very-high"},
                        {"problem.severity", ProblemSeverity(rule.severity)},
                        {"tags", {"build", "hermeticity"}}};
  return json;
}

}  // namespace

const char* SarifLevel(verify::Severity severity) {
  switch (severity) {
    case verify::Severity::kError:
      return "error";
    case verify::Severity::kWarning:
      return "warning";
    case verify::Severity::kNote:
      return "note";
    case verify::Severity::kOff:
      break;
  }
  return "none";
}

SarifRules::SarifRules() : rules_(Json::array()) {
  for (const verify::Rule& rule : verify::AllRules()) {
    index_.emplace(rule.id, rules_.size());
    rules_.push_back(RuleJson(rule));
  }
}

size_t SarifRules::IndexOf(const std::string& id) {
  const auto [found, fresh] = index_.emplace(id, rules_.size());
  if (fresh) rules_.push_back({{"id", EscapeBytes(id)}});
  return found->second;
}

}  // namespace glovebox::report
