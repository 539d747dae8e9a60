#include "verify/rules.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "verify/finding.h"
#include "verify/rule_table.h"

namespace glovebox::verify {

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
  size_t width = 0;
  for (const Rule& rule : kRules) width = std::max(width, absl::string_view(rule.id).size());
  std::string out;
  for (const Rule& rule : kRules) {
    const size_t id = absl::string_view(rule.id).size();
    absl::StrAppend(&out, "  ", rule.id, std::string(width - id + 2, ' '), rule.title, "\n");
  }
  return out;
}

}  // namespace glovebox::verify
