#include "graph/phony.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "graph/run_tool.h"

namespace glovebox::graph {
namespace {

constexpr size_t kAtOnce = 200;

absl::StatusOr<std::string> Tool(const NinjaCall& call, const std::vector<std::string>& words) {
  std::vector<std::string> argv = {call.ninja, "-f", call.manifest, "-t"};
  argv.insert(argv.end(), words.begin(), words.end());
  ASSIGN_OR_RETURN(ToolOutput output, RunTool(argv, call.build_dir));
  if (output.exit_status != 0) {
    return absl::FailedPreconditionError(absl::StrCat("ninja -t ", words[0], " in ", call.build_dir,
                                                      " failed: ", absl::StripAsciiWhitespace(output.err)));
  }
  return std::move(output.out);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> BehindPhony(const NinjaCall& call, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string text, Tool(call, {"targets", "all"}));
  ASSIGN_OR_RETURN(const std::vector<TargetRule> targets, ParseTargetsAll(text));
  absl::flat_hash_set<std::string> phony;
  for (const TargetRule& target : targets) {
    if (target.rule == "phony") phony.insert(target.output);
  }
  std::vector<std::string> behind;
  absl::flat_hash_set<std::string> met = {name};
  std::vector<std::string> open;
  if (phony.contains(name)) open.push_back(name);
  while (!open.empty()) {
    // Each call reads the whole manifest: as many at once as a command line surely takes.
    const size_t from = open.size() - std::min(open.size(), kAtOnce);
    const std::vector<std::string> ask(open.begin() + static_cast<ptrdiff_t>(from), open.end());
    open.resize(from);
    std::vector<std::string> words = {"query"};
    words.insert(words.end(), ask.begin(), ask.end());
    ASSIGN_OR_RETURN(const std::string answer, Tool(call, words));
    ASSIGN_OR_RETURN(const std::vector<QueryEntry> entries, ParseQuery(answer, ask));
    for (const QueryEntry& entry : entries) {
      for (const std::string& input : entry.inputs) {
        if (met.insert(input).second) (phony.contains(input) ? open : behind).push_back(input);
      }
    }
  }
  return behind;
}

}  // namespace glovebox::graph
