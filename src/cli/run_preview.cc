#include "cli/run_preview.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status.h"
#include "child/context.h"
#include "child/describe.h"
#include "child/pipeline.h"
#include "cli/print.h"
#include "policy/compile.h"
#include "trace/runner.h"

namespace glovebox::cli {
namespace {

// Nothing is run in export mode, so there is nothing to record.
class NoRecord final : public access::RecordSink {
 public:
  bool Append(const access::Record& /*record*/) override { return true; }
};

// A run's own; below another listener there can be none (EBUSY), and the kernel refuses instead.
policy::CompileOptions OptionsFor(const policy::Policy& policy, const kernel::HostFeatures& host) {
  policy::CompileOptions options;
  options.listener = policy.level != kernel::Level::kOff && !host.listener_above;
  options.graph = false;
  return options;
}

// The set-up as `run` does it, rows 12 and 23 on: what fails there has said so on stderr. A supervisor above
// hears of no command, since none will run, and a terminal would take what stands in stdin (row 3 stays off).
absl::StatusOr<access::ActionEnd> SetUpOnly(const RunOptions& o, const policy::Policy& policy,
                                            const kernel::HostFeatures& host) {
  NoRecord nothing;
  trace::RunRequest request;
  request.argv = o.command.empty() ? std::vector<std::string>{"true"} : o.command;  // row 24 is not reached
  request.policy = policy;
  request.host = host;
  request.host.outer_supervisor = false;
  request.sink = &nothing;
  request.export_mode = true;
  request.begin.action = 1;
  ASSIGN_OR_RETURN(const trace::RunOutcome outcome, trace::RunSupervised(request));
  // No report will say it.
  const std::vector<std::string> parts = absl::StrSplit(outcome.end.step, access::kSkippedMark);
  for (size_t i = 1; i < parts.size(); ++i) PrintError(absl::StrCat("skipped ", parts[i]));
  return outcome.end;
}

// As ExportFilters() calls it; null for a row that loads none.
const char* FilterOf(const child::Step& step) {
  switch (step.code) {
    case child::StepCode::kSeccompFilterIoctl:
      return "ioctl";
    case child::StepCode::kSeccompFilterAppendOnly:
      return "append_only";
    case child::StepCode::kSeccompFilterKptr:
      return "kptr";
    case child::StepCode::kSeccomp:
      return "notify";
    default:
      return nullptr;
  }
}

constexpr const char* kFilterNames[] = {"ioctl", "append_only", "kptr", "notify"};

}  // namespace

// What the rows that are on load, in their order, once all of it could be set up. A row that is off leaves
// nothing of an earlier policy's; a file of another name stays.
absl::StatusOr<access::ActionEnd> Export(const RunOptions& o, const policy::Policy& policy,
                                         const kernel::HostFeatures& host) {
  const policy::CompileOptions options = OptionsFor(policy, host);
  ASSIGN_OR_RETURN(const auto filters, policy::ExportFilters(policy, host, options));
  ASSIGN_OR_RETURN(const policy::CompiledPlan compiled, policy::CompilePlan(policy, host, options));
  ASSIGN_OR_RETURN(const access::ActionEnd end, SetUpOnly(o, policy, host));
  if (end.kind != access::ActionEnd::Kind::kExited || end.status != 0) return end;
  RETURN_IF_ERROR(MakeDirectories(o.export_dir));
  for (const char* name : kFilterNames) {
    for (const char* form : {".bpf", ".pfc"}) {
      const std::string path = absl::StrCat(o.export_dir, "/", name, form);
      if (unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoStatus("unlink", path, errno);
    }
  }
  const auto* plan = reinterpret_cast<const child::ChildPlan*>(compiled.bytes.data());
  for (const child::Step& step : child::StepTable()) {
    const char* name = FilterOf(step);
    if (name == nullptr || !step.guard(*plan, {})) continue;
    for (const policy::ExportedFilter& filter : filters) {
      if (filter.name != name) continue;
      const std::string base = absl::StrCat(o.export_dir, "/", name);
      RETURN_IF_ERROR(WriteFile(base + ".bpf", filter.bpf));
      RETURN_IF_ERROR(WriteFile(base + ".pfc", filter.pfc));
      std::cout << base << ".bpf  " << filter.bpf.size() / 8 << " instructions\n" << base << ".pfc\n";
    }
  }
  return end;
}

namespace {

// What comes before row 0, and has none of its own.
void ExplainNamespaces(const child::ChildPlan& plan, const std::vector<std::string>& covered) {
  const std::string end = (plan.flags & child::kNamespaceBestEffort) != 0
                              ? "; skipped and reported where this host cannot)\n"
                              : ")\n";
  if ((plan.flags & child::kNetworkNamespace) != 0)
    std::cout << " -  on   network namespace  (the loopback device alone" << end;
  if ((plan.flags & child::kMountNamespace) != 0) {
    constexpr size_t kTold = 4;
    const std::vector<std::string> first(
        covered.begin(), covered.begin() + static_cast<long>(std::min(covered.size(), kTold)));
    std::cout << " -  on   mount namespace  (covers " << EscapeBytes(absl::StrJoin(first, ", "))
              << (covered.size() > kTold ? absl::StrCat(" and ", covered.size() - kTold, " more") : "")
              << end;
  }
}

}  // namespace

absl::Status ExplainSteps(const RunOptions& o, const policy::Policy& policy,
                          const kernel::HostFeatures& host) {
  ASSIGN_OR_RETURN(const policy::CompiledPlan compiled,
                   policy::CompilePlan(policy, host, OptionsFor(policy, host)));
  const auto* plan = reinterpret_cast<const child::ChildPlan*>(compiled.bytes.data());
  child::ChildContext context;
  if (o.pty) context.pty = 0;
  if (compiled.ruleset.valid()) context.ruleset = compiled.ruleset.get();
  ExplainNamespaces(*plan, compiled.covered);
  for (const child::Step& step : child::StepTable()) {
    const bool on = step.guard(*plan, context);
    std::cout << (step.row < 10 ? " " : "") << step.row << (on ? "  on   " : "  off  ") << step.name << "  ("
              << child::Describe(step, *plan, context) << ")\n";
  }
  for (const std::string& skipped : compiled.skipped) std::cout << "skipped: " << skipped << "\n";
  return absl::OkStatus();
}

}  // namespace glovebox::cli
