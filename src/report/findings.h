// The findings of a run, beside what it touched.
#ifndef GLOVEBOX_REPORT_FINDINGS_H_
#define GLOVEBOX_REPORT_FINDINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "report/format.h"
#include "report/input.h"
#include "report/summary.h"
#include "verify/verify.h"

namespace glovebox::report {

// Judges what the log shows by `terms` and keeps it in `summary`, which is of the same input.
void AddFindings(const Input& input, const verify::Terms& terms, Summary* summary);
// Summarize() and AddFindings(), side by side on two threads: each goes over the whole log.
Summary SummarizeAndJudge(const Input& input, const verify::Terms& terms, Depth depth = Depth::kFiles);

// Where the build lives.
verify::Places PlacesOf(const Input& input);

// What verify/ and compare/ look at; `input` must outlive it.
verify::Input VerifyInputOf(const Input& input, const verify::Terms& terms);

// The judgement alone, and what it comes to: "3 findings (2 errors, 1 warning)", empty for none.
verify::Judgement JudgeInput(const Input& input, const verify::Terms& terms);
std::string CountText(const verify::Judgement& verdict);

// "3 findings: 2 errors, 1 warning", then each as a compiler would say it: what, where, who, why it matters,
// what mends it. Alike ones of several actions are told once, and so, without `all`, are those of one line of
// the project. Empty where there are none. Escaped.
// Findings of less than `least` are left out.
std::string FindingsText(const Summary& summary, const Style& style, bool all,
                         verify::Severity least = verify::Severity::kNote);

// "141 edges: 138 proved, 2 violated, 1 incomplete (3 findings: 3 errors)", of a verified build.
std::string EdgesText(const Summary& summary);

// What the exit status of a verification tells: a finding that is an error, an edge that is not known,
// neither.
enum class Verified : uint8_t { kClean, kViolated, kIncomplete };
Verified VerifiedOf(const Summary& summary);
// 0, 1 and 4 (docs/exit-codes.md).
int ExitStatusOf(Verified verified);
// There are edges, and none of them is incomplete, nor is the configure step's record.
bool EveryEdgeIsKnown(const Summary& summary);

// The same of a configure step's own summary, which has no edges.
Verified ConfiguredOf(const Summary& summary);
// Its findings; then "configure: 812 files read, no finding".
std::string ConfigureText(const Summary& summary, const Style& style, bool all);

// The findings without notes, which are no faults, unless `all`; what is incomplete, and which programs ran
// without the privileges of their files; then the line of EdgesText().
std::string VerifyText(const Summary& summary, const Style& style, bool all);

// The one of this id; null: none.
const FindingFacts* FindFinding(const Summary& summary, absl::string_view id);
std::string FindingText(const Summary& summary, const FindingFacts& facts, const Style& style);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_FINDINGS_H_
