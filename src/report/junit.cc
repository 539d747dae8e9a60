#include "report/junit.h"

#include <cstdint>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/op.h"
#include "report/junit_xml.h"

namespace glovebox::report {
namespace {

std::string Refusal(const access::Access& access) {
  return absl::StrCat("refused: ", OpName(access.op), " ",
                      EscapeBytes(access.resolved.empty() ? access.path : access.resolved), ": ",
                      EscapeBytes(access.rule));
}

std::vector<std::string> RefusalsOf(const Input& input, const access::ActionRecord& action) {
  std::vector<std::string> lines;
  std::set<std::string> seen;
  for (const size_t index : action.accesses) {
    const auto& access = std::get<access::Access>(input.log.records[index]);
    const bool refused =
        access.decision == access::Decision::kDenied || access.decision == access::Decision::kKernelDenied;
    if (!refused || access.rule.empty()) continue;
    std::string line = Refusal(access);
    if (seen.insert(line).second) lines.push_back(std::move(line));
  }
  return lines;
}

// "exit status 3", "signal 11", "the sandbox failed: SetSid: ..."
std::string EndText(const access::ActionRecord& action) {
  if (!action.end.has_value()) return "no end on the record";
  const access::ActionEnd& end = *action.end;
  switch (end.kind) {
    case access::ActionEnd::Kind::kExited:
      return absl::StrCat("exit status ", end.status);
    case access::ActionEnd::Kind::kSignaled:
      return absl::StrCat("signal ", end.status);
    case access::ActionEnd::Kind::kSandboxFailed:
      return absl::StrCat("the sandbox failed: ", EscapeBytes(end.step));
    case access::ActionEnd::Kind::kUnknown:
      break;
  }
  return "how it ended is not known";
}

void Judge(const access::ActionRecord& action, const std::vector<std::string>& refusals, JUnitCase* out) {
  using Kind = access::ActionEnd::Kind;
  out->type = "test";
  const Kind kind = action.end.has_value() ? action.end->kind : Kind::kUnknown;
  const bool passed = kind == Kind::kExited && action.end->status == 0;
  if (kind == Kind::kSandboxFailed || kind == Kind::kUnknown) {
    out->error = EndText(action);
    out->type = "sandbox";
  } else if (!action.end->limit.empty()) {
    out->failure = absl::StrCat("ended by its limit: ", EscapeBytes(action.end->limit));
  } else if (!refusals.empty() && action.begin.mode == "enforce") {
    out->failure = refusals.front();
  } else if (!passed) {
    out->failure = EndText(action);
  }
}

JUnitCase CaseOf(const Input& input, const access::ActionRecord& action) {
  JUnitCase out;
  out.name = action.begin.test;
  for (const std::string& word : action.begin.argv) {
    if (action.begin.test.empty()) absl::StrAppend(&out.name, out.name.empty() ? "" : " ", word);
  }
  const std::vector<std::string> refusals = RefusalsOf(input, action);
  Judge(action, refusals, &out);
  out.details = refusals;
  out.lines.push_back(EndText(action));
  out.lines.push_back(absl::StrCat("accesses ", action.accesses.size()));
  if (!action.complete)
    out.lines.push_back(absl::StrCat("not seen in full: ", EscapeBytes(action.why_incomplete)));
  if (!action.end.has_value()) return out;
  const access::ActionEnd& end = *action.end;
  out.wall_ns = end.time_ns > action.begin.time_ns ? end.time_ns - action.begin.time_ns : 0;
  if (end.cpu_ns != 0) out.lines.push_back(absl::StrCat("cpu seconds ", JUnitSeconds(end.cpu_ns)));
  if (end.peak_bytes != 0) out.lines.push_back(absl::StrCat("peak memory bytes ", end.peak_bytes));
  if (end.peak_processes != 0) out.lines.push_back(absl::StrCat("peak processes ", end.peak_processes));
  if (!end.measured.empty()) out.lines.push_back(absl::StrCat("measured by ", EscapeBytes(end.measured)));
  for (const std::string& process : end.left_over) {
    out.lines.push_back(absl::StrCat("left over ", EscapeBytes(process)));
  }
  return out;
}

}  // namespace

std::string JUnitXml(const Input& input) {
  JUnitSuite suite;
  for (const access::ActionRecord& action : input.table.actions) {
    if (action.begin.role == access::Role::kTest) suite.Add(CaseOf(input, action));
  }
  const access::RunInfo run = input.table.run.value_or(access::RunInfo{});
  return suite.Xml(run.build_dir, run.start_unix_ns);
}

}  // namespace glovebox::report
