#include "report/explain.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "report/classify.h"
#include "report/touch.h"

namespace glovebox::report {
namespace {

class Explainer {
 public:
  Explainer(const Input& input, const Style& style)
      : input_(input), style_(style), classifier_(input.build) {}

  // Every access that names one of `names`, folded by action, call and outcome, in order of time.
  std::string File(const std::set<std::string>& names) const {
    std::string out;
    for (const access::ActionRecord& action : input_.table.actions) {
      std::vector<std::tuple<std::string, uint64_t>> lines;
      for (size_t index : action.accesses) {
        const auto& access = Get(index);
        if (!Names(access, names)) continue;
        std::string line = Describe(access);
        if (!lines.empty() && std::get<0>(lines.back()) == line) {
          ++std::get<1>(lines.back());
        } else {
          lines.emplace_back(std::move(line), 1);
        }
      }
      if (lines.empty()) continue;
      absl::StrAppend(&out, Title(action), "\n");
      for (const auto& [line, times] : lines) {
        absl::StrAppend(&out, "  ", line, times > 1 ? absl::StrCat("  (", Thousands(times), " times)") : "",
                        "\n");
      }
    }
    return out;
  }

  std::string Action(const access::ActionRecord& action) const {
    std::string out = absl::StrCat(Title(action), "\n");
    absl::StrAppend(&out, "  command   ", EscapeBytes(absl::StrJoin(action.begin.argv, " ")), "\n");
    absl::StrAppend(
        &out, "  seen      ",
        action.complete ? "in full" : absl::StrCat("incomplete: ", EscapeBytes(action.why_incomplete)), " (",
        action.begin.shape, ", level ", action.begin.level == 2 ? "full" : "open", ")\n");
    if (action.end.has_value()) {
      absl::StrAppend(
          &out, "  ended     ", access::EndName(action.end->kind), " ", action.end->status, " after ",
          Duration(action.end->time_ns - std::min(action.end->time_ns, action.begin.time_ns)), "\n");
    }
    Section(action, Touch::kWritten, "writes", &out);
    Section(action, Touch::kRead, "reads", &out);
    Section(action, Touch::kNetwork, "network", &out);
    Section(action, Touch::kDenied, "refused", &out);
    Section(action, Touch::kProbed, "looked for and absent", &out);
    Section(action, Touch::kLooked, "looked at", &out);
    return out;
  }

  std::string Title(const access::ActionRecord& action) const {
    return Paint(style_, Ink::kBold,
                 absl::StrCat("#", action.begin.action, " ", access::RoleName(action.begin.role), " ",
                              LabelOf(action.begin, input_.build)));
  }

 private:
  const access::Access& Get(size_t index) const {
    return std::get<access::Access>(input_.log.records[index]);
  }

  static bool Names(const access::Access& access, const std::set<std::string>& names) {
    return names.count(access.resolved) != 0 || names.count(access.path) != 0 ||
           (!access.resolved2.empty() && names.count(access.resolved2) != 0);
  }

  static std::string Describe(const access::Access& access) {
    std::string text =
        absl::StrCat(PadRight(TouchName(TouchOf(access)), 8), access.syscall, " ",
                     access::ResultName(access.result), " by ", Basename(EscapeBytes(access.exe)));
    if (access.path != access.resolved) absl::StrAppend(&text, "  as ", EscapeBytes(access.path));
    if (!access.resolved2.empty()) absl::StrAppend(&text, "  to ", EscapeBytes(access.resolved2));
    return text;
  }

  // The distinct paths of one kind, by class; what is looked for and absent is folded by directory, since
  // there are thousands.
  void Section(const access::ActionRecord& action, Touch touch, absl::string_view name,
               std::string* out) const {
    std::map<PathClass, std::set<std::string>> by_class;
    std::map<std::string, uint64_t> folded;
    for (size_t index : action.accesses) {
      const access::Access& access = Get(index);
      if (TouchOf(access) != touch) continue;
      const std::string& path = access.resolved.empty() ? access.path : access.resolved;
      if (touch == Touch::kProbed || touch == Touch::kLooked) {
        ++folded[std::string(Dirname(path))];
      } else if (touch == Touch::kNetwork || touch == Touch::kDenied) {
        by_class[PathClass::kOutside].insert(
            absl::StrCat(path, access.path2.empty() || touch == Touch::kNetwork ? "" : access.path2));
      } else {
        by_class[classifier_.Classify(path)].insert(path);
        if (!access.resolved2.empty())
          by_class[classifier_.Classify(access.resolved2)].insert(access.resolved2);
      }
    }
    if (by_class.empty() && folded.empty()) return;
    absl::StrAppend(out, "  ", name, "\n");
    for (const auto& [path_class, paths] : by_class) {
      for (const std::string& path : paths) {
        const bool plain = touch == Touch::kNetwork || touch == Touch::kDenied;
        absl::StrAppend(out, "    ", PadRight(plain ? "" : ClassName(path_class), 10), EscapeBytes(path),
                        "\n");
      }
    }
    for (const auto& [dir, count] : folded)
      absl::StrAppend(out, "    ", PadLeft(Thousands(count), 8), " in ", EscapeBytes(dir), "\n");
  }

  const Input& input_;
  const Style style_;
  const Classifier classifier_;
};

// The spellings under which a name may stand in the log.
std::set<std::string> Spellings(const Input& input, const std::string& what, const std::string& cwd) {
  std::set<std::string> names;
  for (const std::string& text : {what, UnescapeBytes(what)}) {
    names.insert(text);
    names.insert(CleanPath(JoinPath(cwd, text)));
    if (!input.build.build_dir.empty()) names.insert(CleanPath(JoinPath(input.build.build_dir, text)));
    if (!input.build.source_dir.empty()) names.insert(CleanPath(JoinPath(input.build.source_dir, text)));
  }
  return names;
}

bool IsAction(const Input& input, const access::ActionRecord& action, const std::string& what,
              const std::set<std::string>& names) {
  if (absl::StartsWith(what, "#")) {
    uint64_t id = 0;
    return absl::SimpleAtoi(what.substr(1), &id) && id == action.begin.action;
  }
  if (!action.begin.target.empty() && action.begin.target == what) return true;
  const std::vector<std::string> outputs = OutputsOf(action.begin, input.build);
  return std::any_of(outputs.begin(), outputs.end(), [&](const std::string& output) {
    return names.count(output) != 0 || names.count(CleanPath(JoinPath(action.begin.cwd, output))) != 0;
  });
}

// Resolved paths that end like it.
std::string Near(const Input& input, const std::string& what) {
  std::set<std::string> near;
  const std::string base(Basename(what));
  for (const access::Record& record : input.log.records) {
    const auto* access = std::get_if<access::Access>(&record);
    if (access != nullptr && near.size() < 5 && Basename(access->resolved) == base)
      near.insert(EscapeBytes(access->resolved));
  }
  return near.empty() ? "" : absl::StrCat("; near it: ", absl::StrJoin(near, ", "));
}

}  // namespace

absl::StatusOr<std::string> Explain(const Input& input, const std::string& what, const std::string& cwd,
                                    const Style& style) {
  const Explainer explainer(input, style);
  const std::set<std::string> names = Spellings(input, what, cwd);
  std::string actions;
  for (const access::ActionRecord& action : input.table.actions) {
    if (IsAction(input, action, what, names)) absl::StrAppend(&actions, explainer.Action(action), "\n");
  }
  const std::string file = explainer.File(names);
  if (actions.empty() && file.empty()) {
    return absl::NotFoundError(
        absl::StrCat("nothing in this run touched or made \"", EscapeBytes(what), "\"", Near(input, what)));
  }
  std::string out = actions;
  if (!file.empty()) absl::StrAppend(&out, actions.empty() ? "" : "touched by\n", file);
  return out;
}

}  // namespace glovebox::report
