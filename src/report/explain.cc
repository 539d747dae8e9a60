#include "report/explain.h"

#include <stdlib.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/paths.h"
#include "graph/phony.h"

namespace glovebox::report {
namespace {

constexpr size_t kActionsShown = 5;

std::string WhatTheLogCannotKnow(const Summary& summary) {
  std::string text;
  const bool full = std::all_of(summary.actions.begin(), summary.actions.end(),
                                [](const ActionFacts& action) { return action.begin.level >= 2; });
  if (!full) text = "; at level open a mere look (stat, access, readlink) is not recorded";
  if (summary.complete_actions() != summary.actions.size() || !summary.tears.empty() ||
      !summary.holes.empty()) {
    absl::StrAppend(&text, "; not everything was seen (glovebox report)");
  }
  return text;
}

// "#12" where there is no such action: how they are counted, and where a name can be looked up.
std::string NoSuchAction(const Summary& summary, const std::string& what) {
  if (summary.actions.empty()) return absl::StrCat("there is no action ", what, ": this run has none");
  return absl::StrCat("there is no action ", what, ": this run has ", Count(summary.actions.size(), "action"),
                      ", the last one is #", summary.actions.back().id,
                      "; name one by its number, an output or a target (`glovebox report --json` lists them "
                      "under \"actions\"), or say ./",
                      what, " for a file");
}

bool IsActionNumber(const std::string& what) {
  return what.size() > 1 && what[0] == '#' &&
         std::all_of(what.begin() + 1, what.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// What edges make for a phony name: a custom target, a utility, `all`. Only where Ninja has answered before.
std::vector<std::string> OutputsBehind(const Input& input, const std::string& what) {
  if (input.build.edges.empty() || what.empty() || IsActionNumber(what)) return {};
  graph::NinjaCall call;
  call.build_dir = input.build.build_dir;
  call.manifest = input.build.manifest;
  // An error: the manifest has gone meanwhile. The name is not known then.
  return graph::BehindPhony(call, what).value_or(std::vector<std::string>());
}

// " (Ninja's name for CMakeFiles/test.util)"
std::string NamesBehind(const std::vector<std::string>& outputs) {
  constexpr size_t kNamed = 3;
  if (outputs.empty()) return "";
  const std::vector<std::string> first(outputs.begin(),
                                       outputs.begin() + std::min<ptrdiff_t>(kNamed, std::ssize(outputs)));
  const size_t more = outputs.size() - first.size();
  return absl::StrCat(" (Ninja's name for ", absl::StrJoin(first, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "", ")");
}

}  // namespace

absl::StatusOr<std::string> Explain(const Input& input, const std::string& what, const std::string& cwd,
                                    const ExplainOptions& options) {
  const Summary summary = Summarize(input);
  const std::vector<std::string> directories = {cwd, input.build.build_dir, input.build.source_dir};
  PathQuery query = MakePathQuery(what, directories);
  for (size_t i = query.candidates.size(); i > 0; --i) {
    std::string real = RealPath(query.candidates[i - 1]);
    if (std::find(query.candidates.begin(), query.candidates.end(), real) == query.candidates.end()) {
      query.candidates.push_back(std::move(real));
    }
  }
  std::string out;
  std::vector<size_t> actions = FindActions(input, summary, what, directories);
  std::vector<std::string> behind;
  if (actions.empty()) {
    behind = OutputsBehind(input, what);
    actions = FindMakers(input, summary, behind);
  }
  const size_t shown = options.all ? actions.size() : std::min(actions.size(), kActionsShown);
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&out, out.empty() ? "" : "\n", ExplainAction(input, summary, actions[i], options));
  }
  if (shown < actions.size()) {
    absl::StrAppend(&out, "\n... and ", Count(actions.size() - shown, "more action"),
                    " of that name (--all)\n");
  }
  const std::string path = ExplainPath(input, summary, query, options);
  if (!path.empty()) absl::StrAppend(&out, out.empty() ? "" : "\n", path);
  if (!out.empty()) return out;
  if (IsActionNumber(what)) return absl::NotFoundError(NoSuchAction(summary, what));
  const std::vector<std::string> near = NearNames(summary, what);
  return absl::NotFoundError(absl::StrCat("nothing in this run touched or made ", what, NamesBehind(behind),
                                          near.empty() ? "" : "; near it: ", absl::StrJoin(near, ", "),
                                          WhatTheLogCannotKnow(summary)));
}

}  // namespace glovebox::report
