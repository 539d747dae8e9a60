#include "report/findings.h"

#include <algorithm>
#include <future>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/status.h"
#include "report/text.h"

namespace glovebox::report {
namespace {

using verify::Evidence;
using verify::Finding;
using verify::Severity;

constexpr size_t kShown = 10;    // findings without --all
constexpr size_t kNamed = 3;     // actions or files that are named of several
constexpr size_t kFoldFrom = 4;  // faults of one line of the project, as files of one directory

// Numbers for people, beside ActionTable::actions: the k-th of them is that of the k-th begin in the log.
std::vector<access::ActionId> NumbersOf(const Input& input, const Summary& summary) {
  std::vector<access::ActionId> numbers;
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    if (const auto* begin = std::get_if<access::ActionBegin>(&input.log.records[i]))
      numbers.push_back(summary.NumberOf(input.log.segment_of[i], begin->action));
  }
  return numbers;
}

// The same fault of several actions; and what else goes back to the same line of the project.
struct Group {
  const FindingFacts* first = nullptr;
  std::vector<const FindingFacts*> more;
  std::vector<const FindingFacts*> of_line = {};
};

std::vector<Group> GroupsOf(const Summary& summary, Severity least) {
  std::vector<Group> groups;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> index;
  for (const FindingFacts& facts : summary.findings) {
    if (facts.finding.severity < least) continue;
    // Edges of several lines of the project want a mend at each, and so do those that want another one.
    const std::string line =
        facts.finding.edges.empty() ? "" : absl::StrCat(facts.finding.where, "\n", facts.finding.repair);
    const auto [found, fresh] =
        index.try_emplace({facts.finding.rule, facts.finding.object, line}, groups.size());
    if (fresh) groups.emplace_back();
    Group& group = groups[found->second];
    if (group.first == nullptr) {
      group.first = &facts;
    } else {
      group.more.push_back(&facts);
    }
  }
  return groups;
}

// "DEPENDS" of several files is one mend, and so is advice that is the same for all.
std::string KindOfRepair(const std::string& repair) {
  for (const absl::string_view words : {"DEPENDS ", "BYPRODUCTS ", "for this one of the "}) {
    if (absl::StartsWith(repair, words)) return std::string(words);
  }
  return repair;
}

// A line in a function or a loop makes one fault again for each of its edges.
std::vector<Group> FoldLines(std::vector<Group> groups) {
  using Line = std::tuple<std::string, std::string, std::string, Severity>;
  std::map<Line, std::vector<size_t>> lines;
  for (size_t i = 0; i < groups.size(); ++i) {
    const Finding& finding = groups[i].first->finding;
    if (finding.edges.empty() || finding.where.empty()) continue;
    lines[{finding.rule, finding.where, KindOfRepair(finding.repair), finding.severity}].push_back(i);
  }
  for (const auto& [line, members] : lines) {
    if (members.size() < kFoldFrom) continue;
    Group& kept = groups[members.front()];
    for (size_t i = 1; i < members.size(); ++i) {
      Group& folded = groups[members[i]];
      kept.of_line.push_back(folded.first);
      kept.of_line.insert(kept.of_line.end(), folded.more.begin(), folded.more.end());
      folded.first = nullptr;
    }
  }
  std::erase_if(groups, [](const Group& group) { return group.first == nullptr; });
  return groups;
}

Ink InkOf(Severity severity) {
  if (severity == Severity::kError) return Ink::kRed;
  return severity == Severity::kWarning ? Ink::kYellow : Ink::kCyan;
}

std::string MetText(const Evidence& evidence, bool ruled) {
  const std::string why = evidence.error == 0 ? "" : absl::StrCat(": ", ErrnoName(evidence.error));
  switch (evidence.decision) {
    case access::Decision::kDenied:
      return absl::StrCat("refused", why);
    case access::Decision::kKernelDenied:
      return absl::StrCat("refused by the kernel", why);
    default:
      break;
  }
  switch (evidence.result) {
    case access::Result::kThere:
      return ruled ? "went on" : "there";
    case access::Result::kCreated:
      return "created";
    case access::Result::kAbsent:
      return "absent";
    case access::Result::kRefused:
    case access::Result::kFailed:
      return absl::StrCat("failed", why);
    case access::Result::kUnknown:
      break;
  }
  return "outcome unknown";
}

std::string Labelled(absl::string_view label, absl::string_view text) {
  return absl::StrCat("   ", PadRight(label, 8), label.size() < 8 ? "" : " ", text, "\n");
}

// "a, b, c and 4 more"
std::string Some(const std::vector<std::string>& names) {
  if (names.size() <= kNamed + 1) return absl::StrJoin(names, ", ");
  return absl::StrCat(absl::StrJoin(names.begin(), names.begin() + kNamed, ", "), " and ",
                      Thousands(names.size() - kNamed), " more");
}

std::string CallLine(const Finding& finding, const Style& style) {
  const Evidence& evidence = finding.evidence;
  std::string text =
      absl::StrCat(EscapeBytes(finding.objects.empty() ? finding.object : finding.objects.front()), "  ",
                   EscapeBytes(evidence.call), ", ", MetText(evidence, !finding.place.empty()));
  if (finding.calls > 1) absl::StrAppend(&text, ", x", Thousands(finding.calls));
  if (!evidence.program.empty()) absl::StrAppend(&text, "  by ", EscapeBytes(evidence.program));
  if (evidence.pid != 0) absl::StrAppend(&text, " (pid ", evidence.pid, ")");
  return Labelled(OpName(evidence.op), Shorten(text, style.width == 0 ? 0 : std::max(style.width - 11, 20)));
}

// Programs alone, and one that forks itself once: "/usr/bin/dash, by /usr/bin/python3.11, by /usr/bin/make".
std::string CallersText(const Evidence& evidence) {
  std::vector<std::string> programs;
  const std::string* last = &evidence.program;
  for (const verify::Caller& caller : evidence.callers) {
    if (caller.program != *last)
      programs.push_back(caller.program.empty() ? "a program not known" : EscapeBytes(caller.program));
    last = &caller.program;
  }
  return absl::StrJoin(programs, ", by ");
}

// All that its line wants of one kind: "DEPENDS a DEPENDS b".
std::string RepairText(const Group& group) {
  std::vector<std::string> repairs = {EscapeBytes(group.first->finding.repair)};
  for (const FindingFacts* facts : group.of_line) {
    std::string repair = EscapeBytes(facts->finding.repair);
    if (std::find(repairs.begin(), repairs.end(), repair) == repairs.end() && repairs.size() <= kNamed + 1)
      repairs.push_back(std::move(repair));
  }
  if (repairs.size() > kNamed + 1) {
    repairs.resize(kNamed);
    repairs.emplace_back("... (--all)");
  }
  return absl::StrJoin(repairs, " ");
}

std::string GroupText(const Summary& summary, const Group& group, const Style& style) {
  const Finding& finding = group.first->finding;
  std::string out = absl::StrCat(
      Paint(style, InkOf(finding.severity),
            absl::StrCat(verify::SeverityName(finding.severity), "[", EscapeBytes(finding.rule), "]")),
      ": ", EscapeBytes(finding.what), "\n");
  std::string where = EscapeBytes(finding.where);
  if (group.first->action != 0)
    absl::StrAppend(&where, where.empty() ? "" : "  ", ActionLabel(summary, group.first->action));
  if (!group.more.empty()) {
    std::vector<std::string> actions;
    for (const FindingFacts* facts : group.more) actions.push_back(ActionLabel(summary, facts->action));
    absl::StrAppend(&where, ", and ", Some(actions));
  }
  if (!where.empty()) absl::StrAppend(&out, "  --> ", where, "\n");
  if (finding.calls > 0) absl::StrAppend(&out, CallLine(finding, style));
  if (const std::string callers = CallersText(finding.evidence); !callers.empty())
    absl::StrAppend(&out, Labelled("started", "by " + callers));
  if (finding.objects.size() > 1) {
    std::vector<std::string> names;
    for (const std::string& name : finding.objects) names.push_back(EscapeBytes(name));
    absl::StrAppend(&out, Labelled("all", Some(names)));
  }
  if (!group.of_line.empty()) {
    std::vector<std::string> names;
    for (const FindingFacts* facts : group.of_line) {
      names.push_back(facts->edges.empty() ? ShownPath(facts->finding.object, summary.run)
                                           : EscapeBytes(facts->edges.front()));
    }
    absl::StrAppend(&out, Labelled("alike", absl::StrCat(Thousands(names.size()),
                                                         " more of this line: ", Some(names), " (--all)")));
  }
  if (!group.first->others.empty()) {
    std::vector<std::string> actions;
    for (const access::ActionId id : group.first->others) actions.push_back(ActionLabel(summary, id));
    absl::StrAppend(&out, Labelled("with", Some(actions)));
  }
  if (!finding.place.empty()) absl::StrAppend(&out, Labelled("policy", EscapeBytes(finding.place)));
  if (!finding.so.empty()) absl::StrAppend(&out, Labelled("so", EscapeBytes(finding.so)));
  if (const std::string repair = RepairText(group); !repair.empty())
    absl::StrAppend(&out, Labelled("repair", repair));
  absl::StrAppend(&out, Labelled("more", Paint(style, Ink::kDim,
                                               absl::StrCat("glovebox explain ", style.build,
                                                            style.build.empty() ? "" : " ", finding.id, " | ",
                                                            EscapeBytes(finding.rule)))));
  return out;
}

// How many findings the first `shown` groups tell.
size_t TellsOf(const std::vector<Group>& groups, size_t shown) {
  size_t findings = 0;
  for (size_t i = 0; i < shown; ++i) findings += 1 + groups[i].more.size() + groups[i].of_line.size();
  return findings;
}

// "2 errors", "1 warning".
std::vector<std::string> Grades(std::map<Severity, uint64_t> counts) {
  std::vector<std::string> grades;
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kNote}) {
    if (counts[severity] > 0) grades.push_back(Count(counts[severity], verify::SeverityName(severity)));
  }
  return grades;
}

}  // namespace

verify::Places PlacesOf(const Input& input) {
  const BuildInfo& build = input.build;
  std::string source_dir = build.source_dir;
  if (source_dir.empty() && input.facts != nullptr) source_dir = graph::SourceDirOf(*input.facts);
  return verify::Places(source_dir, build.build_dir, build.home, build.tmp);
}

verify::Input VerifyInputOf(const Input& input, const verify::Terms& terms) {
  const BuildInfo& build = input.build;
  const EdgeIndex edges(build);
  std::vector<verify::ActionLabel> labels;
  labels.reserve(input.table.actions.size());
  for (const access::ActionRecord& action : input.table.actions)
    labels.push_back({ActionName(action.begin, edges), edges.OutputsOf(action.begin)});
  return {input.log,         input.table,
          PlacesOf(input),   std::move(labels),
          input.tests,       terms,
          input.facts.get(), input.configure_facts.get(),
          nullptr,           &input.other_names};
}

verify::Judgement JudgeInput(const Input& input, const verify::Terms& terms) {
  verify::Input judged = VerifyInputOf(input, terms);
  if (input.configure == nullptr) return verify::Verify(judged);
  const verify::Input configure = VerifyInputOf(*input.configure, terms);
  judged.configure = &configure;
  return verify::Verify(judged);
}

namespace {

void Keep(const Input& input, verify::Judgement verdict, Summary* summary) {
  const std::vector<access::ActionId> numbers = NumbersOf(input, *summary);
  const auto number = [&numbers](size_t action) { return action < numbers.size() ? numbers[action] : 0; };
  summary->judged = true;
  summary->allowed = verdict.allowed;
  summary->verified = input.facts != nullptr;
  summary->edges = std::move(verdict.edges);
  for (Finding& finding : verdict.findings) {
    FindingFacts facts;
    facts.action = number(finding.action);
    for (const size_t other : finding.others) facts.others.push_back(number(other));
    for (const size_t edge : finding.edges)
      facts.edges.push_back(input.facts->ninja->edges()[edge].outputs.front());
    facts.finding = std::move(finding);
    summary->findings.push_back(std::move(facts));
  }
}

}  // namespace

void AddFindings(const Input& input, const verify::Terms& terms, Summary* summary) {
  Keep(input, JudgeInput(input, terms), summary);
}

Summary SummarizeAndJudge(const Input& input, const verify::Terms& terms, Depth depth) {
  auto judgement = std::async(std::launch::async, [&] { return JudgeInput(input, terms); });
  Summary summary = Summarize(input, depth);
  Keep(input, judgement.get(), &summary);
  return summary;
}

std::string CountText(const verify::Judgement& verdict) {
  if (verdict.findings.empty()) return "";
  std::map<Severity, uint64_t> counts;
  for (const Finding& finding : verdict.findings) ++counts[finding.severity];
  return absl::StrCat(Count(verdict.findings.size(), "finding"), " (", absl::StrJoin(Grades(counts), ", "),
                      ")");
}

std::string EdgesText(const Summary& summary) {
  std::map<verify::Verdict, size_t> counts;
  for (const verify::EdgeVerdict& edge : summary.edges) ++counts[edge.verdict];
  std::map<Severity, uint64_t> grades;
  for (const FindingFacts& facts : summary.findings) ++grades[facts.finding.severity];
  std::string text = Count(summary.edges.size(), "edge");
  const char* before = ": ";
  for (const verify::Verdict verdict :
       {verify::Verdict::kProved, verify::Verdict::kViolated, verify::Verdict::kIncomplete}) {
    if (counts[verdict] == 0) continue;
    absl::StrAppend(&text, before, Thousands(counts[verdict]), " ", verify::VerdictName(verdict));
    before = ", ";
  }
  if (summary.findings.empty()) return text;
  return absl::StrCat(text, " (", Count(summary.findings.size(), "finding"), ": ",
                      absl::StrJoin(Grades(grades), ", "), ")");
}

// Which edges are not judged, by the reason: the most frequent first.
std::string IncompleteText(const Summary& summary, bool all) {
  constexpr size_t kReasons = 5;
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const verify::EdgeVerdict& edge : summary.edges) {
    if (edge.verdict != verify::Verdict::kIncomplete) continue;
    by_reason[edge.why].push_back(edge.outputs.empty() ? "an edge without outputs"
                                                       : EscapeBytes(edge.outputs.front()));
  }
  std::vector<const std::pair<const std::string, std::vector<std::string>>*> reasons;
  reasons.reserve(by_reason.size());
  for (const auto& reason : by_reason) reasons.push_back(&reason);
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto* a, const auto* b) { return a->second.size() > b->second.size(); });
  std::string out;
  const size_t shown = all || reasons.size() <= kReasons + 1 ? reasons.size() : kReasons;
  for (size_t i = 0; i < shown; ++i)
    absl::StrAppend(&out, "incomplete: ", Some(reasons[i]->second), ": ", EscapeBytes(reasons[i]->first),
                    "\n");
  if (shown < reasons.size())
    absl::StrAppend(&out, "... and for ", Count(reasons.size() - shown, "more reason"), " (--all)\n");
  return out;
}

std::string FindingsText(const Summary& summary, const Style& style, bool all, Severity least) {
  std::map<Severity, uint64_t> counts;
  size_t told = 0;
  for (const FindingFacts& facts : summary.findings) {
    if (facts.finding.severity < least) continue;
    ++counts[facts.finding.severity];
    ++told;
  }
  if (told == 0) return "";
  std::string out =
      absl::StrCat(Paint(style, InkOf(summary.findings.front().finding.severity),
                         absl::StrCat(Count(told, "finding"), ": ", absl::StrJoin(Grades(counts), ", "))),
                   "\n");
  const std::vector<Group> groups = all ? GroupsOf(summary, least) : FoldLines(GroupsOf(summary, least));
  // "and 1 more" takes as much room as the one itself.
  const size_t shown = all || groups.size() <= kShown + 1 ? groups.size() : kShown;
  for (size_t i = 0; i < shown; ++i) absl::StrAppend(&out, GroupText(summary, groups[i], style));
  if (shown < groups.size())
    absl::StrAppend(&out, "... and ", Count(told - TellsOf(groups, shown), "more finding"), " (--all)\n");
  return out;
}

// A hole in the trace makes an edge incomplete, not violated.
Verified VerifiedOf(const Summary& summary) {
  const bool error =
      std::any_of(summary.findings.begin(), summary.findings.end(), [](const FindingFacts& facts) {
        return facts.finding.severity == Severity::kError && !verify::IsGap(facts.finding);
      });
  if (error) return Verified::kViolated;
  return EveryEdgeIsKnown(summary) ? Verified::kClean : Verified::kIncomplete;
}

bool EveryEdgeIsKnown(const Summary& summary) {
  // Of the configure step something was not seen.
  const bool gap =
      std::any_of(summary.findings.begin(), summary.findings.end(), [](const FindingFacts& facts) {
        return facts.finding.edges.empty() && facts.action == 0 && verify::IsGap(facts.finding);
      });
  return !gap && !summary.edges.empty() &&
         std::none_of(summary.edges.begin(), summary.edges.end(), [](const verify::EdgeVerdict& edge) {
           return edge.verdict == verify::Verdict::kIncomplete;
         });
}

int ExitStatusOf(Verified verified) {
  switch (verified) {
    case Verified::kClean:
      return 0;
    case Verified::kViolated:
      return 1;
    case Verified::kIncomplete:
      break;
  }
  return 4;
}

Verified ConfiguredOf(const Summary& summary) {
  Verified verified = Verified::kClean;
  for (const FindingFacts& facts : summary.findings) {
    if (facts.finding.severity != Severity::kError) continue;
    if (!verify::IsGap(facts.finding)) return Verified::kViolated;
    verified = Verified::kIncomplete;
  }
  return verified;
}

std::string ConfigureText(const Summary& summary, const Style& style, bool all) {
  const auto read = std::count_if(summary.files.begin(), summary.files.end(),
                                  [](const FileFacts& file) { return (file.what & access::kRead) != 0; });
  std::map<Severity, uint64_t> counts;
  for (const FindingFacts& facts : summary.findings) ++counts[facts.finding.severity];
  const std::string found = summary.findings.empty()
                                ? "no finding"
                                : absl::StrCat(Count(summary.findings.size(), "finding"), " (",
                                               absl::StrJoin(Grades(counts), ", "), ")");
  return absl::StrCat(FindingsText(summary, style, all, all ? Severity::kNote : Severity::kWarning),
                      "configure: ", Count(static_cast<uint64_t>(read), "file"), " read, ", found, "\n");
}

std::string VerifyText(const Summary& summary, const Style& style, bool all) {
  const Severity least = all ? Severity::kNote : Severity::kWarning;
  const char* const nothing =
      summary.edges.empty() ? " in this run: judge one that built something, from clean" : "";
  std::string notes;
  for (const std::string& program : summary.LostPrivileges())
    absl::StrAppend(&notes, "note: ", EscapeBytes(program), "\n");
  return absl::StrCat(FindingsText(summary, style, all, least), IncompleteText(summary, all), notes,
                      EdgesText(summary), nothing, "\n");
}

const FindingFacts* FindFinding(const Summary& summary, absl::string_view id) {
  const auto found = std::find_if(summary.findings.begin(), summary.findings.end(),
                                  [id](const FindingFacts& facts) { return facts.finding.id == id; });
  return found == summary.findings.end() ? nullptr : &*found;
}

std::string FindingText(const Summary& summary, const FindingFacts& facts, const Style& style) {
  std::string out = GroupText(summary, {&facts, {}}, style);
  if (facts.finding.objects.size() > 1) {
    absl::StrAppend(&out, "\n");
    for (const std::string& object : facts.finding.objects)
      absl::StrAppend(&out, "  ", EscapeBytes(object), "\n");
  }
  return out;
}

}  // namespace glovebox::report
