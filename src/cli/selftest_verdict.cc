#include "cli/selftest_verdict.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/print.h"

namespace glovebox::cli {
namespace {

using nlohmann::json;

// What a scenario says of itself, one object a line: it itself, and where a row has an `after` the stage too.
struct Said {
  bool started = false, tried = true, effect = false;
  std::string detail;
};

Said ReadSaid(const graph::ToolOutput& output) {
  Said said;
  said.detail = absl::StrCat("ended with status ", output.exit_status);
  for (absl::string_view line : absl::StrSplit(output.out, '\n')) {
    const json object = json::parse(line, nullptr, false);
    if (!object.is_object()) continue;
    said.started = said.started || object.contains("started");
    if (!object.contains("effect") || !said.tried)
      continue;  // what was not tried nobody can see from outside
    said.effect = object.value("effect", false);
    said.detail = object.value("detail", "");
    said.tried = object.value("tried", true);
  }
  return said;
}

}  // namespace

const char* VerdictName(Verdict verdict) {
  constexpr const char* kNames[] = {"held", "recorded", "works", "known", "not-tried", "broken"};
  return kNames[static_cast<int>(verdict)];
}

bool Scenario::Needs(absl::string_view what) const {
  return std::find(needs.begin(), needs.end(), what) != needs.end();
}

Result JudgeScenario(const Scenario& row, const graph::ToolOutput& output,
                     const std::function<bool()>& is_recorded) {
  const Said said = ReadSaid(output);
  if (!said.started) {
    const std::vector<std::string> lines = absl::StrSplit(absl::StripAsciiWhitespace(output.err), '\n');
    return {row.IsDefault() ? Verdict::kBroken : Verdict::kNotTried, lines.front()};
  }
  if (!said.tried) return {Verdict::kNotTried, said.detail};
  const bool shall = row.holds == "works" || row.holds == "recorded" || row.holds == "not";
  if (row.holds == "not") return {said.effect ? Verdict::kKnown : Verdict::kHeld, said.detail};
  if (said.effect != shall) return {Verdict::kBroken, said.detail};
  if (!row.record.empty() && !is_recorded())
    return {Verdict::kBroken, absl::StrCat("not on record: ", said.detail)};
  return {row.holds == "works"      ? Verdict::kWorks
          : row.holds == "recorded" ? Verdict::kRecorded
                                    : Verdict::kHeld,
          said.detail};
}

Claim SumUp(const std::vector<Scenario>& rows, const std::vector<Result>& results, bool chosen,
            bool host_can) {
  size_t tried = 0, tried_default = 0, broken = 0, broken_default = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (results[i].verdict == Verdict::kNotTried) continue;
    const size_t is_default = rows[i].IsDefault() ? 1 : 0;
    const size_t is_broken = results[i].verdict == Verdict::kBroken ? 1 : 0;
    ++tried;
    tried_default += is_default;
    broken += is_broken;
    broken_default += is_broken * is_default;
  }
  Claim claim;
  if (chosen) {
    claim.exit_status = tried == 0 || broken > 0 ? kHostCannot : kOk;
    claim.text =
        tried == 0 ? "None of these could be tried here."
                   : absl::StrCat(broken, " of the ", tried, " that were tried ", broken == 1 ? "is" : "are",
                                  " broken; of the default policy a run without names says.");
    return claim;
  }
  const bool unheld = broken_default > 0 || !host_can;
  if (unheld || tried_default > 0) claim.default_holds = !unheld;
  claim.exit_status = claim.default_holds == true ? kOk : kHostCannot;
  claim.text = !claim.default_holds.has_value() ? "Nothing of the default policy could be tried here"
               : unheld                         ? "The default policy cannot be held here"
                                                : "The default policy can be held here";
  const size_t options = broken - broken_default;
  if (options > 0) absl::StrAppend(&claim.text, "; ", options, " of the policy's options cannot");
  absl::StrAppend(&claim.text, ".");
  return claim;
}

}  // namespace glovebox::cli
