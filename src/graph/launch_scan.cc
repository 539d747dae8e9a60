#include "graph/launch_scan.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/shell_words.h"
#include "base/status.h"
#include "graph/utility_edges.h"

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
      return {"shell-remainder",
              "CMake wraps the first command of `a && b` and `a | b` only, not b in `a $(b)`"};
    case UnwrappedReason::kShellWord:
      return {"shell-word", "the step's own shell obeys it, and what it reads or runs has no launcher"};
    case UnwrappedReason::kUtilityWords:
      return {"utility-words",
              "has the words of CMake's own test, install ...: recorded under glovebox-ninja only"};
    case UnwrappedReason::kRedirection:
      return {"redirection", "a file that the step's own shell opens"};
    case UnwrappedReason::kCannotLaunch:
      return {
          "cannot-launch",
          "begins with a word of the shell that glovebox-launch cannot stand before, so that the step fails; "
          "say COMMAND sh -c \"...\", or set RULE_LAUNCH_CUSTOM to \"\" in its directory"};
  }
  return {"", ""};
}

std::string FirstWord(absl::string_view text) { return TakeWord(text); }

// A word that its own shell obeys by running a program, or by reading a file.
bool RunsOrReads(absl::string_view builtin) {
  constexpr absl::string_view kWords[] = {".", "source", "eval", "exec", "command", "builtin", "trap"};
  return std::count(std::begin(kWords), std::end(kWords), builtin) != 0;
}
bool IsHarmless(absl::string_view part) {
  const std::string word = FirstWord(part);
  return word.empty() || (IsShellBuiltin(word) && !RunsOrReads(word));
}
bool IsWrapped(absl::string_view part) { return Basename(FirstWord(part)) == kLauncher; }

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
  if (!edge.outputs.empty() && IsUtilityOutput(edge.outputs[0])) return UnwrappedReason::kUtility;
  return UnwrappedReason::kOwnProperty;
}

// The module has a function of the shell stand before the launcher of a custom command
// (_glovebox_shell_function in cmake-modules/GloveboxEnable.cmake). `text`: the line with the launcher alone.
struct Launched {
  std::string text;
  bool by_function = false;
};
Launched WithoutFunction(absl::string_view command) {
  constexpr absl::string_view kBegin = "eval \"`printf 'glovebox() { ";
  constexpr absl::string_view kEnd = "}'`\" && glovebox ";
  Launched launched;
  while (true) {
    const size_t begin = command.find(kBegin);
    const size_t end = begin == command.npos ? begin : command.find(kEnd, begin);
    if (end == command.npos) break;
    absl::StrAppend(&launched.text, command.substr(0, begin));
    command.remove_prefix(end + kEnd.size());
    launched.by_function = true;
  }
  absl::StrAppend(&launched.text, command);
  return launched;
}

// What the words behind a launcher mean to it: nothing where it can run them.
std::optional<UnwrappedReason> ReasonOfWords(absl::string_view part, bool by_function) {
  for (std::string word = TakeWord(part); word != "--"; word = TakeWord(part)) {
    if (word.empty() && part.empty()) return std::nullopt;
  }
  part = absl::StripLeadingAsciiWhitespace(part);
  // A quoted "(" is the name of a program.
  const bool grammar = !part.empty() && part[0] != '"' && part[0] != '\'' && part[0] != '\\';
  std::string word = TakeWord(part);
  if (word.empty()) return std::nullopt;
  if (by_function && (word == "!" || word == "exec")) {
    return TakeWord(part).empty() ? UnwrappedReason::kCannotLaunch : UnwrappedReason::kShellWord;
  }
  while (IsShellAssignment(word)) {
    by_function = false;  // the function looks at the first word alone
    word = TakeWord(part);
  }
  if (word.empty()) return UnwrappedReason::kCannotLaunch;
  if (grammar && IsShellKeyword(word)) return UnwrappedReason::kCannotLaunch;
  if (!IsShellBuiltin(word)) return std::nullopt;
  if (!by_function && word != ":") return UnwrappedReason::kCannotLaunch;
  return RunsOrReads(word) ? std::optional(UnwrappedReason::kShellWord) : std::nullopt;
}

// What runs in the substitutions of a part. The outermost ones are deep enough for people.
void ScanSubstitutions(const ShellPart& part, const Unwrapped& as, LaunchScan& scan, int depth = 8) {
  for (const std::string& line : part.substitutions) {
    for (const ShellPart& inner : SplitShell(line)) {
      Unwrapped found = as;
      found.part = inner.text;
      if (!IsHarmless(inner.text) && !IsWrapped(inner.text)) {
        scan.unwrapped.push_back(found);
        continue;  // those within are in its text
      }
      if (inner.redirects) {
        found.reason = UnwrappedReason::kRedirection;
        scan.unwrapped.push_back(found);
      }
      if (depth > 0) ScanSubstitutions(inner, as, scan, depth - 1);
    }
  }
}

// One part of a command line in which a launcher stands.
void ScanPart(const ShellPart& part, const Unwrapped& as, bool by_function, LaunchScan& scan) {
  Unwrapped found = as;
  found.part = part.text;
  const auto add = [&](UnwrappedReason reason) {
    found.reason = reason;
    scan.unwrapped.push_back(found);
  };
  const bool wrapped = IsWrapped(part.text);
  if (!wrapped && !IsHarmless(part.text)) return add(UnwrappedReason::kShellRemainder);
  const auto words = wrapped ? ReasonOfWords(part.text, by_function) : std::nullopt;
  if (words.has_value()) {
    add(*words);
  } else if (as.reason != UnwrappedReason::kUtility && HasUtilityWords(part.text)) {
    add(UnwrappedReason::kUtilityWords);
  } else if (part.redirects) {
    add(UnwrappedReason::kRedirection);
  }
  found.reason = UnwrappedReason::kShellRemainder;
  ScanSubstitutions(part, found, scan);
}

// What of one command line is not wrapped.
void ScanCommand(absl::string_view command, const Unwrapped& as, LaunchScan& scan) {
  ++scan.commands;
  const Launched launched = WithoutFunction(command);
  const std::vector<ShellPart> parts = SplitShell(launched.text);
  const bool any =
      std::any_of(parts.begin(), parts.end(), [](const ShellPart& p) { return IsWrapped(p.text); });
  if (any) ++scan.launched;
  const size_t before = scan.unwrapped.size();
  for (const ShellPart& part : parts) {
    if (any) {
      ScanPart(part, as, launched.by_function, scan);
    } else if (!IsHarmless(part.text) || part.redirects || !part.substitutions.empty()) {
      Unwrapped found = as;
      found.part = part.text;
      if (IsHarmless(part.text) && part.redirects) found.reason = UnwrappedReason::kRedirection;
      scan.unwrapped.push_back(found);
      if (!IsHarmless(part.text)) break;  // one report tells it all
    }
  }
  if (scan.unwrapped.size() == before) ++scan.wrapped;
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

// build.ninja, and of CMake's "Ninja Multi-Config", where that is the default configuration alone, a
// build-CONFIG.ninja for each. What several have, as the tools of the build, counts once.
absl::StatusOr<LaunchScan> ScanManifests(const std::string& build_dir, const std::string& ninja) {
  std::vector<std::string> manifests = {"build.ninja"};
  if (FileExists(JoinPath(build_dir, "CMakeFiles/common.ninja"))) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(build_dir, error), stop; !error && at != stop;
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (absl::StartsWith(name, "build-") && absl::EndsWith(name, ".ninja")) manifests.push_back(name);
    }
  }
  std::sort(manifests.begin(), manifests.end());
  std::vector<NinjaEdge> edges;
  absl::flat_hash_set<std::string> seen;
  for (const std::string& manifest : manifests) {
    ASSIGN_OR_RETURN(const NinjaGraph graph, LoadNinjaGraph({ninja, build_dir, manifest}));
    for (const NinjaEdge& edge : graph.edges()) {
      const std::string output = edge.outputs.empty() ? "" : edge.outputs[0];
      if (seen.insert(absl::StrCat(output, "\n", edge.command)).second) edges.push_back(edge);
    }
  }
  return ScanNinja(NinjaGraph(std::move(edges), build_dir));
}

}  // namespace

absl::string_view UnwrappedReasonName(UnwrappedReason reason) { return WordsOf(reason).name; }
absl::string_view UnwrappedReasonText(UnwrappedReason reason) { return WordsOf(reason).text; }

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
    ScanCommand(script ? std::string(line) : RecipeToShell(line),
                {absl::StrCat(path, ":", number), "", reason, ""}, scan);
  }
  return scan;
}

absl::StatusOr<LaunchScan> ScanBuild(const std::string& build_dir, const std::string& ninja) {
  if (FileExists(JoinPath(build_dir, "build.ninja"))) return ScanManifests(build_dir, ninja);
  if (FileExists(JoinPath(build_dir, "Makefile"))) return ScanMakefiles(build_dir);
  std::error_code error;
  if (!std::filesystem::is_directory(build_dir, error)) {
    return absl::NotFoundError(absl::StrCat(build_dir, ": ", error ? error.message() : "not a directory"));
  }
  return absl::NotFoundError(
      absl::StrCat(build_dir, ": neither build.ninja nor Makefile; configure it first (cmake -B)"));
}

}  // namespace glovebox::graph
