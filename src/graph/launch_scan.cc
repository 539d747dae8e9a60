#include "graph/launch_scan.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::graph {
namespace {

constexpr char kLauncher[] = "glovebox-launch";

struct ReasonWords {
  absl::string_view name, text;
};
ReasonWords WordsOf(UnwrappedReason reason) {
  switch (reason) {
    case UnwrappedReason::kConfigure:
      return {"configure", "CMake itself, run again by the build"};
    case UnwrappedReason::kSymlinkLibrary:
      return {"symlink-library", "the links of a versioned library"};
    case UnwrappedReason::kDyndep:
      return {"dyndep", "the collation of module dependencies"};
    case UnwrappedReason::kNinjaTool:
      return {"ninja-tool", "Ninja calling itself (clean, help)"};
    case UnwrappedReason::kUtility:
      return {"utility", "a target for people (test, install), no build step"};
    case UnwrappedReason::kOwnProperty:
      return {"own-property",
              "glovebox_enable() does not reach it, or a RULE_LAUNCH property of the project stands there"};
    case UnwrappedReason::kShellRemainder:
      return {"shell-remainder", "CMake wraps the first command of `a && b` and `a | b` only"};
    case UnwrappedReason::kUtilityWords:
      return {"utility-words",
              "has the words of CMake's own test, install ...: recorded under glovebox-ninja only"};
    case UnwrappedReason::kRedirection:
      return {"redirection", "a file that the step's own shell opens"};
  }
  return {"", ""};
}

// Takes the first word off, unquoted as far as a program's path needs it.
std::string TakeWord(absl::string_view& text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  std::string word;
  char quote = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && absl::ascii_isspace(c)) break;
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word.push_back(text[++i]);
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      word.push_back(c);
    }
  }
  text.remove_prefix(i);
  return word;
}
std::string FirstWord(absl::string_view text) { return TakeWord(text); }

bool IsHarmless(absl::string_view part) {
  const std::string word = FirstWord(part);
  return word.empty() || word == ":" || word == "cd";
}
bool IsWrapped(absl::string_view part) { return Basename(FirstWord(part)) == kLauncher; }

// "sub/CMakeFiles/install/local.util": what CMake's Ninja generator writes for its own custom targets.
bool IsUtilityEdge(absl::string_view output) {
  return absl::EndsWith(output, ".util") &&
         (absl::StartsWith(output, "CMakeFiles/") || absl::StrContains(output, "/CMakeFiles/"));
}

// What child/launch_options.cc takes for such a target where a rule has neither output nor target, as a
// POST_BUILD command under Ninja; the rooms share no code, integration/cmake-injection holds the two
// together.
bool HasUtilityWords(absl::string_view part) {
  std::string options;
  for (std::string word = TakeWord(part); word != "--"; word = TakeWord(part)) {
    if (word.empty() && part.empty()) return false;
    absl::StrAppend(&options, " ", word);
  }
  if (!absl::StrContains(options, " --role=custom") || !absl::EndsWith(options, " --out=") ||
      !(absl::StrContains(options, " --target=TARGET_NAME ") || absl::StrContains(options, " --target= "))) {
    return false;
  }
  const std::string program(Basename(TakeWord(part)));
  const std::string rest = absl::StrCat(" ", part, " ");
  if (program == "ctest") return absl::StrContains(rest, " --force-new-ctest-process ");
  if (program == "cpack") return absl::StrContains(rest, " --config ./CPack");
  return program == "cmake" && (absl::StrContains(rest, " -P cmake_install.cmake ") ||
                                absl::StrContains(rest, " --regenerate-during-build "));
}

// include(CTest) makes Experimental, NightlyTest ... with an empty RULE_LAUNCH_CUSTOM, which Makefiles heed
// and Ninja does not: a recipe `ctest [-C CONFIG] -D T` in CMakeFiles/T.dir/build.make, all of it.
bool IsDashboardRecipe(absl::string_view line, const std::string& path) {
  constexpr absl::string_view kModes[] = {"Experimental", "Nightly", "Continuous", "NightlyMemory"};
  constexpr absl::string_view kSteps[] = {"",     "Start",    "Update",   "Configure", "Build",
                                          "Test", "Coverage", "MemCheck", "Submit",    "Check"};
  absl::string_view target = Basename(Dirname(path));
  if (!absl::ConsumeSuffix(&target, ".dir")) return false;
  const auto is_named = [&](absl::string_view mode) {
    absl::string_view step = target;
    return absl::ConsumePrefix(&step, mode) && std::count(std::begin(kSteps), std::end(kSteps), step) != 0;
  };
  if (std::none_of(std::begin(kModes), std::end(kModes), is_named)) return false;
  if (Basename(TakeWord(line)) != "ctest") return false;
  std::string option = TakeWord(line);
  if (option == "-C") {
    TakeWord(line);
    option = TakeWord(line);
  }
  return option == "-D" && TakeWord(line) == target && absl::StripAsciiWhitespace(line).empty();
}

UnwrappedReason ReasonOfRule(const NinjaEdge& edge) {
  const std::string& rule = edge.rule;
  if (rule == "RERUN_CMAKE") return UnwrappedReason::kConfigure;
  if (rule == "CLEAN" || rule == "HELP") return UnwrappedReason::kNinjaTool;
  if (absl::StartsWith(rule, "CMAKE_SYMLINK_")) return UnwrappedReason::kSymlinkLibrary;
  if (absl::StrContains(rule, "_DYNDEP__")) return UnwrappedReason::kDyndep;
  if (!edge.outputs.empty() && IsUtilityEdge(edge.outputs[0])) return UnwrappedReason::kUtility;
  return UnwrappedReason::kOwnProperty;
}

// What of one command line is not wrapped. True when nothing.
bool ScanCommand(absl::string_view command, const Unwrapped& as, LaunchScan& scan) {
  ++scan.commands;
  const std::vector<ShellPart> parts = SplitShell(command);
  const bool any =
      std::any_of(parts.begin(), parts.end(), [](const ShellPart& p) { return IsWrapped(p.text); });
  if (any) ++scan.launched;
  const size_t before = scan.unwrapped.size();
  for (const ShellPart& part : parts) {
    Unwrapped found = as;
    found.part = part.text;
    if (!IsHarmless(part.text) && !IsWrapped(part.text)) {
      if (any) found.reason = UnwrappedReason::kShellRemainder;
      scan.unwrapped.push_back(found);
      if (!any) break;  // one report tells it all
    } else if (as.reason != UnwrappedReason::kUtility && HasUtilityWords(part.text)) {
      found.reason = UnwrappedReason::kUtilityWords;
      scan.unwrapped.push_back(found);
    } else if (part.redirects) {
      found.reason = UnwrappedReason::kRedirection;
      scan.unwrapped.push_back(found);
    }
  }
  if (scan.unwrapped.size() == before) ++scan.wrapped;
  return scan.unwrapped.size() == before;
}

// CMake's own bookkeeping in a build.make; no launcher ever stands there.
bool IsBookkeeping(absl::string_view line) {
  return absl::StartsWith(line, "$(CMAKE_COMMAND) -E cmake_") ||
         absl::StartsWith(line, "$(CMAKE_COMMAND) -E touch_nocreate") ||
         absl::StartsWith(line, "$(CMAKE_COMMAND) -P ") ||
         absl::StrContains(line, "&& $(CMAKE_COMMAND) -E cmake_") ||
         absl::StrContains(line, "&& $(CMAKE_COMMAND) -P ");
}

void Merge(LaunchScan from, LaunchScan& into) {
  into.commands += from.commands;
  into.wrapped += from.wrapped;
  into.launched += from.launched;
  std::move(from.unwrapped.begin(), from.unwrapped.end(), std::back_inserter(into.unwrapped));
}

absl::StatusOr<LaunchScan> ScanMakefiles(const std::string& build_dir) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(build_dir, error), stop; !error && at != stop;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name == "build.make" || name == "link.txt") files.push_back(at->path().string());
  }
  std::sort(files.begin(), files.end());
  LaunchScan scan;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
    Merge(ScanMakefile(text, file), scan);
  }
  return scan;
}

}  // namespace

absl::string_view UnwrappedReasonName(UnwrappedReason reason) { return WordsOf(reason).name; }
absl::string_view UnwrappedReasonText(UnwrappedReason reason) { return WordsOf(reason).text; }

std::vector<ShellPart> SplitShell(absl::string_view command) {
  std::vector<ShellPart> parts(1);
  char quote = 0;
  int depth = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const char next = i + 1 < command.size() ? command[i + 1] : '\0';
    ShellPart& part = parts.back();
    if (c == '\\' && quote != '\'' && next != '\0') {
      part.text.push_back(c);
      part.text.push_back(next);
      ++i;
      continue;
    }
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == '>' || c == '<') {
      if (next == '&') {  // a descriptor is copied: the & cuts nothing
        part.text.push_back(c);
        part.text.push_back(next);
        ++i;
        continue;
      }
      part.redirects = true;
    } else if (depth <= 0 && (c == '|' || c == ';' || (c == '&' && next != '>'))) {
      if (next == c) ++i;
      parts.emplace_back();
      continue;
    }
    part.text.push_back(c);
  }
  for (ShellPart& part : parts) part.text = std::string(absl::StripAsciiWhitespace(part.text));
  return parts;
}

LaunchScan ScanNinja(const NinjaGraph& graph) {
  LaunchScan scan;
  for (const NinjaEdge& edge : graph.edges()) {
    Unwrapped as{edge.outputs.empty() ? "" : edge.outputs[0], edge.rule, ReasonOfRule(edge), ""};
    ScanCommand(edge.command, as, scan);
  }
  return scan;
}

LaunchScan ScanMakefile(absl::string_view text, const std::string& path) {
  LaunchScan scan;
  const bool script = Basename(path) == "link.txt";
  int number = 0;
  bool by_hand = false;  // a target x.i or x.s, which only a person asks for
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (!script && !absl::ConsumePrefix(&line, "\t")) {
      if (!line.empty())
        by_hand = absl::EndsWith(line, ".i: cmake_force") || absl::EndsWith(line, ".s: cmake_force");
      continue;
    }
    while (absl::ConsumePrefix(&line, "@") || absl::ConsumePrefix(&line, "-")) continue;
    if (line.empty() || by_hand || IsBookkeeping(line)) continue;
    const UnwrappedReason reason =
        IsDashboardRecipe(line, path) ? UnwrappedReason::kUtility : UnwrappedReason::kOwnProperty;
    ScanCommand(line, {absl::StrCat(path, ":", number), "", reason, ""}, scan);
  }
  return scan;
}

absl::StatusOr<LaunchScan> ScanBuild(const std::string& build_dir, const std::string& ninja) {
  if (FileExists(JoinPath(build_dir, "build.ninja"))) {
    ASSIGN_OR_RETURN(const NinjaGraph graph, LoadNinjaGraph({ninja, build_dir, "build.ninja"}));
    return ScanNinja(graph);
  }
  if (FileExists(JoinPath(build_dir, "Makefile"))) return ScanMakefiles(build_dir);
  std::error_code error;
  if (!std::filesystem::is_directory(build_dir, error)) {
    return absl::NotFoundError(absl::StrCat(build_dir, ": ", error ? error.message() : "not a directory"));
  }
  return absl::NotFoundError(absl::StrCat(build_dir,
                                          ": neither build.ninja nor Makefile; configure it first (cmake -B ",
                                          ShellQuote(build_dir), ")"));
}

}  // namespace glovebox::graph
