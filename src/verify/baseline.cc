#include "verify/baseline.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "nlohmann/json.hpp"
#include "policy/policy_set.h"

namespace glovebox::verify {
namespace {

std::string Quoted(const std::string& text) {
  // What is no UTF-8 in an entry that a program made would make dump() throw.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string EntryText(const BaselineEntry& entry) {
  return absl::StrCat(
      "{\"id\": ", Quoted(entry.id), ", \"rule\": ", Quoted(entry.rule),
      ", \"action\": ", Quoted(entry.action), ", \"object\": ", Quoted(entry.object),
      ", \"since\": ", Quoted(policy::DateText(entry.since)), ", \"owner\": ", Quoted(entry.owner),
      ", \"reason\": ", Quoted(entry.reason),
      ", \"expires\": ", entry.expires == policy::Date() ? "null" : Quoted(policy::DateText(entry.expires)),
      "}");
}

bool Before(const BaselineEntry& a, const BaselineEntry& b) {
  return std::tie(a.rule, a.action, a.object, a.id) < std::tie(b.rule, b.action, b.object, b.id);
}

template <typename At>
BaselineResult CompareAll(size_t count, const At& at, const Baseline& baseline, const policy::Date& today) {
  absl::flat_hash_map<absl::string_view, size_t> known;
  known.reserve(baseline.entries.size());
  for (size_t i = 0; i < baseline.entries.size(); ++i) known.emplace(baseline.entries[i].id, i);
  BaselineResult result;
  result.standing.reserve(count);
  result.entry.reserve(count);
  std::vector<bool> found(baseline.entries.size(), false);
  for (size_t i = 0; i < count; ++i) {
    const Finding& finding = at(i);
    const auto entry = known.find(finding.id);
    Standing standing = Standing::kNew;
    if (entry != known.end()) found[entry->second] = true;
    if (entry != known.end() && !IsGap(finding)) {
      const policy::Date& expires = baseline.entries[entry->second].expires;
      const bool expired = expires != policy::Date() && today != policy::Date() && expires < today;
      standing = expired ? Standing::kExpired : Standing::kKnown;
    }
    result.standing.push_back(standing);
    result.entry.push_back(entry == known.end() ? kNoEntry : entry->second);
    if (standing == Standing::kKnown || finding.severity < Severity::kWarning) continue;
    ++result.fresh;
    if (finding.severity == Severity::kError && !IsGap(finding)) ++result.fresh_errors;
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) result.gone.push_back(i);
  }
  return result;
}

}  // namespace

std::string BaselineText(const Baseline& baseline) {
  std::vector<const BaselineEntry*> sorted;
  sorted.reserve(baseline.entries.size());
  for (const BaselineEntry& entry : baseline.entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const BaselineEntry* a, const BaselineEntry* b) { return Before(*a, *b); });
  std::string text = absl::StrCat("{\n\"format\": \"glovebox-baseline\",\n\"version\": ", kBaselineVersion,
                                  ",\n\"findings\": [");
  const char* between = "\n";
  for (const BaselineEntry* entry : sorted) {
    absl::StrAppend(&text, between, EntryText(*entry));
    between = ",\n";
  }
  absl::StrAppend(&text, sorted.empty() ? "]\n}\n" : "\n]\n}\n");
  return text;
}

absl::string_view StandingName(Standing standing) {
  static constexpr const char* kNames[] = {"new", "known", "expired"};
  return kNames[static_cast<size_t>(standing)];
}

BaselineResult Compare(absl::Span<const Finding> findings, const Baseline& baseline,
                       const policy::Date& today) {
  return CompareAll(
      findings.size(), [findings](size_t i) -> const Finding& { return findings[i]; }, baseline, today);
}

BaselineResult Compare(absl::Span<const Finding* const> findings, const Baseline& baseline,
                       const policy::Date& today) {
  return CompareAll(
      findings.size(), [findings](size_t i) -> const Finding& { return *findings[i]; }, baseline, today);
}

Baseline UpdateBaseline(const Baseline& old, absl::Span<const Finding* const> findings, const Places& places,
                        const BaselineUpdate& update) {
  const BaselineResult result = Compare(findings, old, update.today);
  Baseline baseline;
  std::vector<bool> taken(old.entries.size(), false);
  absl::flat_hash_map<absl::string_view, bool> added;
  for (size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = *findings[i];
    const size_t known = result.entry[i];
    if (IsGap(finding) || finding.severity < Severity::kWarning) continue;
    if (known == kNoEntry) {
      if (!added.emplace(finding.id, true).second) continue;
      baseline.entries.push_back({finding.id, EscapeBytes(finding.rule), finding.action_name,
                                  EscapeBytes(places.Portable(finding.object)), update.today, update.owner,
                                  update.reason, update.expires});
    } else if (!taken[known]) {
      taken[known] = true;
      baseline.entries.push_back(old.entries[known]);
      if (result.standing[i] == Standing::kExpired) baseline.entries.back().expires = update.expires;
    }
  }
  for (const size_t gone : result.gone) {
    if (update.keep_gone) baseline.entries.push_back(old.entries[gone]);
  }
  std::sort(baseline.entries.begin(), baseline.entries.end(), Before);
  return baseline;
}

}  // namespace glovebox::verify
