#include "report/junit.h"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/op.h"

namespace glovebox::report {
namespace {

// What XML 1.0 can hold: no control bytes, no U+FFFE and U+FFFF. `text` may have newlines of ours.
std::string Xml(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"\xef\xbf\xbe", "\\xef\\xbf\\xbe"},
                                    {"\xef\xbf\xbf", "\\xef\\xbf\\xbf"}});
}

// A name as CTest's own file has it: what XML can hold stays as it is, a backslash too.
std::string XmlName(absl::string_view value) {
  std::string xml;
  while (!value.empty()) {
    const size_t plain = std::min(value.find_first_of("\\\n\t\r"), value.size());
    absl::StrAppend(&xml, Xml(EscapeBytes(value.substr(0, plain))));
    value.remove_prefix(plain);
    if (value.empty()) break;
    if (value[0] == '\\') {
      xml += '\\';
    } else {
      absl::StrAppend(&xml, "&#", static_cast<int>(value[0]), ";");
    }
    value.remove_prefix(1);
  }
  return xml;
}

std::string Attribute(absl::string_view name, absl::string_view value) {
  return absl::StrCat(" ", name, "=\"", XmlName(value), "\"");
}

std::string Seconds(uint64_t ns) { return absl::StrFormat("%.6f", static_cast<double>(ns) / 1e9); }

struct Case {
  std::string name;
  uint64_t wall_ns = 0;
  std::string error, failure;  // the message; empty: none
  std::vector<std::string> details;
  std::vector<std::string> lines;  // of system-out
};

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

void Judge(const access::ActionRecord& action, const std::vector<std::string>& refusals, Case* out) {
  using Kind = access::ActionEnd::Kind;
  const Kind kind = action.end.has_value() ? action.end->kind : Kind::kUnknown;
  const bool passed = kind == Kind::kExited && action.end->status == 0;
  if (kind == Kind::kSandboxFailed || kind == Kind::kUnknown) {
    out->error = EndText(action);
  } else if (!action.end->limit.empty()) {
    out->failure = absl::StrCat("ended by its limit: ", EscapeBytes(action.end->limit));
  } else if (!refusals.empty() && action.begin.mode == "enforce") {
    out->failure = refusals.front();
  } else if (!passed) {
    out->failure = EndText(action);
  }
}

Case CaseOf(const Input& input, const access::ActionRecord& action) {
  Case out;
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
  if (end.cpu_ns != 0) out.lines.push_back(absl::StrCat("cpu seconds ", Seconds(end.cpu_ns)));
  if (end.peak_bytes != 0) out.lines.push_back(absl::StrCat("peak memory bytes ", end.peak_bytes));
  if (end.peak_processes != 0) out.lines.push_back(absl::StrCat("peak processes ", end.peak_processes));
  if (!end.measured.empty()) out.lines.push_back(absl::StrCat("measured by ", EscapeBytes(end.measured)));
  for (const std::string& process : end.left_over) {
    out.lines.push_back(absl::StrCat("left over ", EscapeBytes(process)));
  }
  return out;
}

std::string CaseXml(const Case& one) {
  std::string xml = absl::StrCat("    <testcase", Attribute("name", one.name), " classname=\"glovebox\"",
                                 Attribute("time", Seconds(one.wall_ns)), ">\n");
  const bool broken = !one.error.empty();
  if (broken || !one.failure.empty()) {
    const char* element = broken ? "error" : "failure";
    // Escaped already.
    absl::StrAppend(&xml, "      <", element, " message=\"", Xml(broken ? one.error : one.failure),
                    "\" type=\"", broken ? "sandbox" : "test", "\">", Xml(absl::StrJoin(one.details, "\n")),
                    "</", element, ">\n");
  }
  absl::StrAppend(&xml, "      <system-out>", Xml(absl::StrJoin(one.lines, "\n")), "</system-out>\n");
  absl::StrAppend(&xml, "    </testcase>\n");
  return xml;
}

std::string Timestamp(int64_t unix_ns) {
  const time_t seconds = unix_ns / 1'000'000'000;
  tm parts{};
  char text[32];
  if (gmtime_r(&seconds, &parts) == nullptr || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
    return "1970-01-01T00:00:00";
  return text;
}

}  // namespace

std::string JUnitXml(const Input& input) {
  std::string cases;
  uint64_t tests = 0, failures = 0, errors = 0, wall_ns = 0;
  for (const access::ActionRecord& action : input.table.actions) {
    if (action.begin.role != access::Role::kTest) continue;
    const Case one = CaseOf(input, action);
    ++tests;
    errors += one.error.empty() ? 0 : 1;
    failures += one.error.empty() && !one.failure.empty() ? 1 : 0;
    wall_ns += one.wall_ns;
    cases += CaseXml(one);
  }
  const access::RunInfo run = input.table.run.value_or(access::RunInfo{});
  const std::string counts = absl::StrCat(" tests=\"", tests, "\" failures=\"", failures, "\" errors=\"",
                                          errors, "\" time=\"", Seconds(wall_ns), "\"");
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"glovebox\"", counts,
                      ">\n  <testsuite", Attribute("name", run.build_dir), counts,
                      " skipped=\"0\" timestamp=\"", Timestamp(run.start_unix_ns), "\">\n", cases,
                      "  </testsuite>\n</testsuites>\n");
}

}  // namespace glovebox::report
