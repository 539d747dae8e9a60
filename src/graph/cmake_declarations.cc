// What single commands of CMake make: targets, and the outputs of custom commands.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "graph/cmake_walker.h"

namespace glovebox::graph {
namespace {

constexpr size_t kMostOfAName = 4096;

bool IsKeyword(const std::string& word) {
  static const absl::flat_hash_set<std::string>* const words =
      new absl::flat_hash_set<std::string>{"OUTPUT",
                                           "COMMAND",
                                           "MAIN_DEPENDENCY",
                                           "DEPENDS",
                                           "BYPRODUCTS",
                                           "IMPLICIT_DEPENDS",
                                           "COMMENT",
                                           "DEPFILE",
                                           "JOB_POOL",
                                           "VERBATIM",
                                           "APPEND",
                                           "WORKING_DIRECTORY",
                                           "ARGS",
                                           "TARGET",
                                           "PRE_BUILD",
                                           "PRE_LINK",
                                           "POST_BUILD",
                                           "COMMAND_EXPAND_LISTS",
                                           "SOURCES",
                                           "CODEGEN",
                                           "USES_TERMINAL",
                                           "JOB_SERVER_AWARE",
                                           "DEPENDS_EXPLICIT_ONLY"};
  return words->contains(word);
}

// Nothing in front of ".." may stay where that part is not known: "?/../x" can be anything that ends in "/x".
std::string CleanPattern(const std::string& path) {
  if (IsKnown(path)) return CleanPath(path);
  const size_t up = path.rfind("/../");
  if (up == std::string::npos) return CleanPath(path);
  return CleanPath(absl::StrCat(AnyText(), "/", path.substr(up + 4)));
}

// The one argument that follows the keyword, as it is written; empty: there are several, or none.
std::string WrittenAfter(const CMakeCommand& command, absl::string_view keyword) {
  std::string written;
  bool here = false;
  for (const CMakeArgument& argument : command.arguments) {
    if (IsKeyword(argument.text)) {
      here = argument.text == keyword;
    } else if (here) {
      if (!written.empty()) return "";
      written = argument.text;
    }
  }
  return written;
}

}  // namespace

void CMakeWalker::AddTarget(const CMakeCommand& command, Words words) {
  if (words.words.empty()) return;
  if (command.name != "externalproject_add") {
    for (size_t i = 1; i < std::min(words.words.size(), size_t{4}); ++i) {
      if (words.words[i] == "IMPORTED" || words.words[i] == "ALIAS") return;
    }
  }
  DeclareTarget(command, words.sure > 0 ? words.words[0] : AnyText());
}

void CMakeWalker::AddCustomCommand(const CMakeCommand& command, Words words) {
  if (words.words.empty() || Contains(words.words, "APPEND")) return;
  if (words.words[0] == "TARGET") {
    const std::string target = words.sure > 1 ? words.words[1] : AnyText();
    DeclareOutputs(command, words, "BYPRODUCTS", target);
  } else {
    DeclareOutputs(command, words, "OUTPUT", "");
    DeclareOutputs(command, words, "BYPRODUCTS", "");
  }
}

void CMakeWalker::AddCustomTarget(const CMakeCommand& command, Words words) {
  if (words.words.empty()) return;
  const std::string name = words.sure > 0 ? words.words[0] : AnyText();
  DeclareTarget(command, name);
  DeclareOutputs(command, words, "BYPRODUCTS", name);
}

// bison_target(NAME INPUT OUTPUT ...): the module's command is this line's.
void CMakeWalker::AddGenerator(const CMakeCommand& command, Words words) {
  if (words.sure < 3) return;
  Declare({CMakeDeclaration::Kind::kOutput, InBinaryDir(words.words[2]), "", {}, directory_.binary}, command);
}

// ExternalProject_Add_Step(PROJECT STEP ...): its file is the stamp PROJECT-STEP, in a directory that the
// project's own line decides.
void CMakeWalker::AddExternalStep(const CMakeCommand& command, Words words) {
  if (words.sure < 2) return;
  const std::string& project = words.words[0];
  Declare({CMakeDeclaration::Kind::kOutput,
           absl::StrCat(AnyText(), "/", project, "-", words.words[1]),
           IsKnown(project) ? project : "",
           {},
           directory_.binary},
          command);
}

void CMakeWalker::DeclareTarget(const CMakeCommand& command, const std::string& name) {
  Declare({CMakeDeclaration::Kind::kTarget, name, "", {}, directory_.binary}, command);
}

void CMakeWalker::DeclareOutputs(const CMakeCommand& command, Words words, absl::string_view keyword,
                                 const std::string& target) {
  bool here = false;
  for (const std::string& word : words.words) {
    if (IsKeyword(word)) {
      here = word == keyword;
    } else if (here) {
      Declare({CMakeDeclaration::Kind::kOutput,
               InBinaryDir(word),
               IsKnown(target) ? target : "",
               {},
               directory_.binary},
              command);
    }
  }
}

void CMakeWalker::Declare(CMakeDeclaration declaration, const CMakeCommand& command) {
  if (silent_ || running_ == nullptr) return;
  declaration.call = {running_->path, command.line, command.name};
  const std::string key =
      absl::StrCat(static_cast<int>(declaration.kind), "\n", declaration.pattern, "\n", declaration.target,
                   "\n", declaration.call.file, "\n", command.line, "\n", declaration.binary_dir);
  if (!declared_.insert(key).second) return;
  declaration.variables = VariablesOf(command);
  if (!IsKnown(declaration.pattern))
    declaration.written = declaration.kind == CMakeDeclaration::Kind::kTarget && !command.arguments.empty()
                              ? command.arguments.front().text
                              : WrittenAfter(command, "OUTPUT");
  script_.declarations.push_back(std::move(declaration));
}

CMakeVariableValues CMakeWalker::VariablesOf(const CMakeCommand& command) const {
  CMakeVariableValues values;
  for (const CMakeArgument& argument : command.arguments) {
    const std::string& text = argument.text;
    for (size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 2)) {
      const size_t end = text.find_first_of("${}", at + 2);
      if (end == std::string::npos || text[end] != '}') continue;  // a name that is put together
      const std::string name = text.substr(at + 2, end - at - 2);
      const bool met = std::any_of(values.begin(), values.end(),
                                   [&name](const auto& known) { return known.first == name; });
      std::string value = met ? "" : Lookup(name);
      // What is a list, or long, is no part of a name.
      if (value.empty() || value.size() > kMostOfAName || !IsKnown(value) || absl::StrContains(value, ";"))
        continue;
      values.emplace_back(name, std::move(value));
    }
  }
  return values;
}

std::string CMakeWalker::InBinaryDir(const std::string& path) const {
  // What is not known in front may be a whole directory.
  if (path.empty() || path[0] == kAnyText || path[0] == '/') return CleanPattern(path);
  return CleanPattern(absl::StrCat(directory_.binary.empty() ? AnyText() : directory_.binary, "/", path));
}

}  // namespace glovebox::graph
