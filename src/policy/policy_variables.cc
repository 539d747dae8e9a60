#include "policy/policy_variables.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "policy/nearest.h"

namespace glovebox::policy {
namespace {

absl::Status Bad(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("path \"", text, "\" ", why));
}

const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {"source", "build", "home", "tmp", "toolchain"};
  return names;
}

std::vector<std::string> ValuesOf(absl::string_view name, const PolicyVariables& variables) {
  if (name == "toolchain") return variables.toolchain;
  const std::string& value = name == "source"  ? variables.source
                             : name == "build" ? variables.build
                             : name == "home"  ? variables.home
                                               : variables.tmp;
  if (value.empty()) return {};
  return {value};
}

// Where the set that begins at `pattern[at]` ends: at its ']'. A ']' in the first place is one of the set.
size_t SetEnd(absl::string_view pattern, size_t at) {
  size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  for (bool first = true; i < pattern.size() && pattern[i] != '/'; ++i, first = false) {
    if (pattern[i] == ']' && !first) return i;
    if (pattern[i] == '\\') ++i;
  }
  return absl::string_view::npos;
}

// As PathPattern::Parse() will see it, when nobody knows any more where it was written.
absl::Status CheckPattern(absl::string_view text, absl::string_view rest) {
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\' && ++i == rest.size())
      return Bad(text, "ends in a backslash, which takes the next letter as it is");
    if (rest[i] != '[') continue;
    i = SetEnd(rest, i);
    if (i == absl::string_view::npos) return Bad(text, "has a [ that no ] ends: write \\[ for the letter");
  }
  for (const absl::string_view part : absl::StrSplit(rest, '/')) {
    if (part != "**" && absl::StrContains(part, "**")) {
      return Bad(text, "has ** inside a name: it stands for whole names, as in \"/a/**/x\"; say * here");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRest(absl::string_view text, absl::string_view rest, PathKind kind) {
  if (absl::StrContains(rest, "${")) return Bad(text, "has a variable that does not stand at the beginning");
  for (const absl::string_view part : absl::StrSplit(rest, '/')) {
    if (part == "..") return Bad(text, "has a \"..\": where it leads depends on symlinks; write it without");
  }
  if (kind == PathKind::kRoot && absl::StrContains(rest, "*")) {
    return Bad(text,
               "is a pattern: read and write take a file, or a directory with all below it (append-only and "
               "hidden take patterns)");
  }
  return kind == PathKind::kPattern ? CheckPattern(text, rest) : absl::OkStatus();
}

}  // namespace

std::string EscapePattern(absl::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (absl::StrContains("*?[]\\", absl::string_view(&c, 1))) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

absl::StatusOr<ExpandedPath> ExpandPath(absl::string_view text, PathKind kind,
                                        const PolicyVariables& variables) {
  if (text.empty()) return Bad(text, "is empty");
  if (text.find('\0') != absl::string_view::npos) return Bad(text, "holds a NUL, which no path can");
  if (text.size() > 4095) return absl::InvalidArgumentError("a path longer than 4095 bytes: no path can be");
  std::vector<std::string> starts = {""};
  absl::string_view rest = text;
  ExpandedPath expanded;
  if (absl::StartsWith(text, "${")) {
    const size_t close = text.find('}');
    if (close == absl::string_view::npos) return Bad(text, "lacks a } behind its variable");
    const absl::string_view name = text.substr(2, close - 2);
    bool known = false;
    for (const std::string& candidate : Names()) known = known || candidate == name;
    if (!known)
      return Bad(text, absl::StrCat("has the unknown variable \"", name, "\"", Suggestion(name, Names())));
    rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != '/') {
      return Bad(text, absl::StrCat("goes on behind its variable without a slash: say \"",
                                    text.substr(0, close + 1), "/", rest, "\""));
    }
    starts = ValuesOf(name, variables);
    if (starts.empty()) expanded.unknown = std::string(name);
  } else if (absl::StartsWith(text, "~")) {
    return Bad(text, absl::StrCat("begins with a ~, which only a shell knows: say \"${home}",
                                  text == "~" || text[1] == '/' ? text.substr(1) : "", "\""));
  } else if (text[0] != '/') {
    return Bad(text, absl::StrCat("is relative: say \"${source}/", text, "\" or \"${build}/", text, "\""));
  }
  const absl::Status status = CheckRest(text, rest, kind);
  if (!status.ok()) return status;
  for (const std::string& start : starts) {
    const std::string letters = kind == PathKind::kPattern ? EscapePattern(start) : start;
    expanded.paths.push_back(CleanPath(absl::StrCat(letters, rest)));
  }
  return expanded;
}

}  // namespace glovebox::policy
