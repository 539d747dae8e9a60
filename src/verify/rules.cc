#include "verify/rules.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "verify/finding.h"
#include "verify/rule_table.h"

namespace glovebox::verify {

namespace {

// Id and title of those that `chosen` takes, a line each.
template <typename Chosen>
std::string LinesOf(Chosen chosen) {
  size_t width = 0;
  for (const Rule& rule : kRules) {
    if (chosen(rule.id)) width = std::max(width, absl::string_view(rule.id).size());
  }
  std::string out;
  for (const Rule& rule : kRules) {
    if (!chosen(rule.id)) continue;
    const size_t id = absl::string_view(rule.id).size();
    absl::StrAppend(&out, "  ", rule.id, std::string(width - id + 2, ' '), rule.title, "\n");
  }
  return out;
}

}  // namespace

absl::Span<const Rule> AllRules() { return kRules; }

const Rule* FindRule(absl::string_view id) {
  const Rule* found =
      std::find_if(std::begin(kRules), std::end(kRules), [id](const Rule& rule) { return rule.id == id; });
  return found == std::end(kRules) ? nullptr : found;
}

std::string ExplainRule(const Rule& rule) {
  const auto indented = [](absl::string_view text) {
    return absl::StrCat("  ", absl::StrReplaceAll(text, {{"\n", "\n  "}}), "\n");
  };
  return absl::StrCat(rule.id, "  (", SeverityName(rule.severity), " unless the policy says otherwise)\n",
                      indented(rule.title), "\n", indented(rule.help), "\nExample\n", indented(rule.example),
                      "\nWhy it matters\n", indented(rule.so), "\nWhat mends it\n", indented(rule.repair));
}

std::string ListRules() {
  return LinesOf([](absl::string_view) { return true; });
}

std::string ExplainFamily(absl::string_view name) {
  const auto is_network = [](absl::string_view id) { return absl::StartsWith(id, "network-"); };
  if (name == "network") {
    return absl::StrCat("network is a family of rules: an address that the policy does not allow\n\n",
                        LinesOf(is_network));
  }
  if (name != "denied") return "";
  return absl::StrCat(
      "denied is no rule: what `enforce` has refused is told by the rule that refused it, and its line says\n"
      "`refused`; under `report` the same went on\n\n",
      LinesOf([&](absl::string_view id) {
        constexpr absl::string_view kPaths[] = {"outside-read", "outside-write",  "outside-exec",    "hidden",
                                                "log-tamper",   "forbidden-call", "undeclared-input"};
        return is_network(id) || std::find(std::begin(kPaths), std::end(kPaths), id) != std::end(kPaths);
      }));
}

}  // namespace glovebox::verify
