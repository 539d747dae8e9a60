#include "project/edge_subject.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "graph/shell_line.h"

namespace glovebox::project {
namespace {

// TARGET of "..._COMPILER__TARGET_CONFIG"; a scan of modules has more words in between.
std::string TargetIn(absl::string_view rule, absl::string_view mark) {
  const size_t at = rule.find(mark);
  if (at == absl::string_view::npos) return "";
  const absl::string_view rest = rule.substr(at + mark.size());
  const size_t config = rest.rfind('_');
  std::string target(config == absl::string_view::npos ? rest : rest.substr(0, config));
  for (const absl::string_view scanned : {"_unscanned", "_scanned"}) {
    if (absl::EndsWith(target, scanned)) target.resize(target.size() - scanned.size());
  }
  return target;
}

// The target of add_custom_target(): it stands for a file that nobody makes, CMakeFiles/TARGET.
std::string TargetOfOutput(const graph::NinjaEdge& edge) {
  if (edge.outputs.empty() || Basename(Dirname(edge.outputs.front())) != "CMakeFiles") return "";
  return std::string(absl::StripSuffix(Basename(edge.outputs.front()), ".util"));
}

// What the first launcher of the command is told. A CMake that does not know the target leaves the
// placeholder's letters.
std::string TargetOfLauncher(absl::string_view command) {
  constexpr absl::string_view kOption = "--target=";
  for (const graph::ShellPart& part : graph::SplitShell(command)) {
    absl::string_view text = part.text;
    bool launched = false;
    for (std::string word = graph::TakeWord(text); !word.empty() && word != "--";
         word = graph::TakeWord(text)) {
      if (launched && absl::StartsWith(word, kOption))
        return word == "--target=TARGET_NAME" ? "" : word.substr(kOption.size());
      launched = launched || Basename(word) == "glovebox-launch";
    }
  }
  return "";
}

}  // namespace

policy::Subject SubjectOfEdge(const graph::NinjaEdge& edge) {
  policy::Subject subject{.role = policy::Role::kEdge, .outputs = edge.outputs};
  const absl::string_view rule = edge.rule;
  if (absl::StrContains(rule, "_COMPILER")) {
    subject.role = policy::Role::kCompile;
    subject.target = TargetIn(rule, "_COMPILER__");
  } else if (absl::EndsWith(rule, "_LINKER") || absl::StrContains(rule, "_LINKER__")) {
    subject.role = policy::Role::kLink;
    subject.target = TargetIn(rule, "_LINKER__");
  } else if (rule == "CUSTOM_COMMAND") {
    subject.role = policy::Role::kCustom;
    subject.target = TargetOfOutput(edge);
    if (subject.target.empty()) subject.target = TargetOfLauncher(edge.command);
  } else if (rule == "RERUN_CMAKE" || rule == "REGENERATE_BUILD") {
    subject.role = policy::Role::kConfigure;
  }
  return subject;
}

}  // namespace glovebox::project
