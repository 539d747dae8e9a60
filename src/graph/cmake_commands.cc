// What single commands of CMake do to variables, and which of them make something.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "graph/cmake_walker.h"

namespace glovebox::graph {
namespace {

using WordList = std::vector<std::string>;

std::string Join(WordList::const_iterator begin, WordList::const_iterator end) {
  return absl::StrJoin(begin, end, ";");
}

// string(REGEX REPLACE) for expressions that are plain text: "\\.fbs$", "^lib", "a.c" (where the dot is any
// letter). Nothing for all others.
std::optional<std::string> ReplacePlainRegex(absl::string_view regex, const std::string& by,
                                             absl::string_view text) {
  const bool at_begin = absl::ConsumePrefix(&regex, "^");
  const bool at_end = !absl::EndsWith(regex, "\\$") && absl::ConsumeSuffix(&regex, "$");
  std::string letters;
  for (size_t i = 0; i < regex.size(); ++i) {
    const bool escaped = regex[i] == '\\' && ++i < regex.size();
    const bool special = i >= regex.size() || absl::StrContains("^$*+?()[]|\\", regex[i]);
    if (!escaped && special) return std::nullopt;
    letters.push_back(!escaped && regex[i] == '.' ? kAnyText : regex[i]);
  }
  if (letters.empty() || absl::StrContains(by, "\\")) return std::nullopt;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const absl::string_view part = text.substr(at, letters.size());
    const bool here = part.size() == letters.size() && (!at_begin || at == 0) &&
                      (!at_end || at + letters.size() == text.size()) &&
                      std::equal(part.begin(), part.end(), letters.begin(),
                                 [](char c, char letter) { return letter == kAnyText || c == letter; });
    out += here ? by : std::string(1, text[at]);
    at += here ? letters.size() : 1;
  }
  return out;
}

}  // namespace

const absl::flat_hash_map<std::string, CMakeWalker::Handler>& CMakeWalker::Handlers() {
  static const auto* const handlers = [] {
    auto* map = new absl::flat_hash_map<std::string, Handler>{
        {"set", &CMakeWalker::Set},
        {"unset", &CMakeWalker::Unset},
        {"list", &CMakeWalker::List},
        {"string", &CMakeWalker::StringCommand},
        {"get_filename_component", &CMakeWalker::FileComponent},
        {"cmake_parse_arguments", &CMakeWalker::ParseArguments},
        {"project", &CMakeWalker::Project},
        {"include", &CMakeWalker::Include},
        {"add_subdirectory", &CMakeWalker::AddSubdirectory},
        {"add_executable", &CMakeWalker::AddTarget},
        {"add_library", &CMakeWalker::AddTarget},
        {"add_custom_command", &CMakeWalker::AddCustomCommand},
        {"add_custom_target", &CMakeWalker::AddCustomTarget},
        {"externalproject_add", &CMakeWalker::AddTarget},
        {"externalproject_add_step", &CMakeWalker::AddExternalStep},
        {"file", &CMakeWalker::FileCommand},
        {"execute_process", &CMakeWalker::ExecuteProcess},
        {"fetchcontent_makeavailable", &CMakeWalker::FetchContent},
        {"fetchcontent_populate", &CMakeWalker::FetchContent},
        {"bison_target", &CMakeWalker::AddGenerator},
        {"flex_target", &CMakeWalker::AddGenerator},
    };
    for (const char* name : {"message",
                             "install",
                             "target_link_libraries",
                             "target_include_directories",
                             "target_sources",
                             "target_compile_definitions",
                             "target_compile_options",
                             "target_compile_features",
                             "target_link_options",
                             "target_precompile_headers",
                             "set_target_properties",
                             "set_property",
                             "set_source_files_properties",
                             "set_tests_properties",
                             "add_test",
                             "add_dependencies",
                             "add_definitions",
                             "add_compile_options",
                             "add_compile_definitions",
                             "include_directories",
                             "link_libraries",
                             "link_directories",
                             "enable_testing",
                             "return",
                             "break",
                             "continue",
                             "else",
                             "elseif",
                             "endif",
                             "endforeach",
                             "endwhile",
                             "endfunction",
                             "endmacro",
                             "cmake_minimum_required",
                             "include_guard",
                             "source_group",
                             "export",
                             "configure_file",
                             "mark_as_advanced"}) {
      map->emplace(name, &CMakeWalker::Ignore);
    }
    return map;
  }();
  return *handlers;
}

std::string CMakeWalker::Lookup(const std::string& name) const {
  const auto or_any = [](const std::string& value) { return value.empty() ? AnyText() : value; };
  if (name == "CMAKE_CURRENT_SOURCE_DIR") return or_any(directory_.source);
  if (name == "CMAKE_CURRENT_BINARY_DIR") return or_any(directory_.binary);
  if (name == "CMAKE_SOURCE_DIR" || name == "CMAKE_HOME_DIRECTORY") return project_.source_dir;
  if (name == "CMAKE_BINARY_DIR") return project_.build_dir;
  if (name == "CMAKE_CURRENT_LIST_FILE") return or_any(list_file_);
  if (name == "CMAKE_CURRENT_LIST_DIR")
    return list_file_.empty() ? AnyText() : std::string(Dirname(list_file_));
  if (name == "CMAKE_CURRENT_FUNCTION_LIST_FILE") return or_any(function_file_);
  if (name == "CMAKE_CURRENT_FUNCTION_LIST_DIR") {
    return function_file_.empty() ? AnyText() : std::string(Dirname(function_file_));
  }
  if (const std::string* value = scope_->Find(name)) return *value;
  const auto cached = project_.cache.find(name);
  return cached == project_.cache.end() ? AnyText() : cached->second;
}

void CMakeWalker::SetUnknown(const std::vector<std::string>& names) {
  for (const std::string& name : names) scope_->Set(name, AnyText());
}

// A command that is not known may set each variable that it names.
void CMakeWalker::ForgetWhatIsNamed(Words words) {
  for (const std::string& word : words.words) {
    if (scope_->Find(word) != nullptr) scope_->Set(word, AnyText());
  }
}

void CMakeWalker::Set(const CMakeCommand& /*command*/, Words words) {
  if (words.words.empty() || words.sure == 0 || !IsKnown(words.words[0])) return;
  const std::string& name = words.words[0];
  auto end = words.words.end();
  if (words.words.back() == "PARENT_SCOPE") {
    CMakeScope* parent = scope_->parent();
    if (parent == nullptr) return;
    // Whether this line is reached is not known in a branch.
    parent->Set(name, scope_->in_maybe() ? AnyText() : Join(words.words.begin() + 1, end - 1));
    return;
  }
  const auto cache = std::find(words.words.begin() + 1, words.words.end(), "CACHE");
  if (cache != end) {
    // The cache says what became of it; that stands there already.
    if (scope_->Find(name) != nullptr) scope_->Set(name, AnyText());
    return;
  }
  scope_->Set(name, Join(words.words.begin() + 1, end));
}

void CMakeWalker::Unset(const CMakeCommand& /*command*/, Words words) {
  if (!words.words.empty()) scope_->Set(words.words[0], AnyText());
}

void CMakeWalker::List(const CMakeCommand& /*command*/, Words words) {
  if (words.words.size() < 2 || words.sure < 2) return ForgetWhatIsNamed(words);
  const std::string& name = words.words[1];
  if (words.words[0] != "APPEND" && words.words[0] != "PREPEND") return ForgetWhatIsNamed(words);
  std::string more = Join(words.words.begin() + 2, words.words.end());
  const std::string* value = scope_->Find(name);
  // One that nobody has set may be set where we do not see it.
  const std::string before = value != nullptr ? *value : AnyText();
  scope_->Set(name, before.empty() ? more : more.empty() ? before : absl::StrCat(before, ";", more));
}

void CMakeWalker::StringCommand(const CMakeCommand& /*command*/, Words words) {
  const WordList& word = words.words;
  const bool sure = words.sure == word.size();
  if (sure && word.size() == 3 && (word[0] == "TOLOWER" || word[0] == "TOUPPER") && IsKnown(word[2])) {
    scope_->Set(word[2],
                word[0] == "TOLOWER" ? absl::AsciiStrToLower(word[1]) : absl::AsciiStrToUpper(word[1]));
  } else if (sure && word.size() == 5 && word[0] == "REPLACE" && IsKnown(word[1]) && IsKnown(word[2]) &&
             IsKnown(word[3]) && IsKnown(word[4]) && !word[1].empty()) {
    scope_->Set(word[3], absl::StrReplaceAll(word[4], {{word[1], word[2]}}));
  } else if (sure && word.size() == 6 && word[0] == "REGEX" && word[1] == "REPLACE" && IsKnown(word[2]) &&
             IsKnown(word[3]) && IsKnown(word[4]) && IsKnown(word[5])) {
    scope_->Set(word[4], ReplacePlainRegex(word[2], word[3], word[5]).value_or(AnyText()));
  } else if (sure && word.size() >= 2 && word[0] == "CONCAT" && IsKnown(word[1])) {
    scope_->Set(word[1], absl::StrJoin(word.begin() + 2, word.end(), ""));
  } else if (sure && word.size() >= 2 && word[0] == "APPEND" && IsKnown(word[1])) {
    scope_->Set(word[1], absl::StrCat(Lookup(word[1]), absl::StrJoin(word.begin() + 2, word.end(), "")));
  } else {
    // Its result may be named anywhere.
    for (const std::string& name : word) {
      if (scope_->Find(name) != nullptr || project_.cache.contains(name)) scope_->Set(name, AnyText());
    }
  }
}

void CMakeWalker::FileComponent(const CMakeCommand& /*command*/, Words words) {
  const WordList& word = words.words;
  if (word.size() < 3 || words.sure < word.size() || !IsKnown(word[0])) return ForgetWhatIsNamed(words);
  const std::string& path = word[1];
  const std::string& mode = word[2];
  std::string result = AnyText();
  if (IsKnown(path) && !path.empty() && word.size() == 3) {
    const std::string name(Basename(path));
    const size_t first = name.find('.'), last = name.rfind('.');
    if (mode == "NAME") result = name;
    if (mode == "NAME_WE") result = name.substr(0, first);
    if (mode == "NAME_WLE") result = name.substr(0, last);
    if (mode == "DIRECTORY" || mode == "PATH") {
      result = absl::StrContains(path, "/") ? std::string(Dirname(path)) : "";
    }
    if (mode == "ABSOLUTE" && !directory_.source.empty())
      result = CleanPath(JoinPath(directory_.source, path));
  }
  scope_->Set(word[0], result);
}

void CMakeWalker::ParseArguments(const CMakeCommand& /*command*/, Words words) {
  const WordList& word = words.words;
  // PARSE_ARGV N prefix options one multi; prefix options one multi ARGUMENT...
  const bool of_function = !word.empty() && word[0] == "PARSE_ARGV";
  const size_t first = of_function ? 2 : 0;
  int from = 0;
  if (words.sure < first + 4 || (of_function && !absl::SimpleAtoi(word[1], &from))) return;
  for (size_t i = first; i < first + 4; ++i) {
    if (!IsKnown(word[i])) return;
  }
  const std::string prefix = word[first] + "_";
  const WordList options = SplitCMakeList(word[first + 1]), one = SplitCMakeList(word[first + 2]),
                 many = SplitCMakeList(word[first + 3]);
  WordList arguments(word.begin() + static_cast<ptrdiff_t>(first) + 4, word.end());
  if (of_function) {
    arguments = SplitCMakeList(Lookup("ARGV"));
    const size_t drop = std::min(static_cast<size_t>(std::max(from, 0)), arguments.size());
    arguments.erase(arguments.begin(), arguments.begin() + static_cast<ptrdiff_t>(drop));
  }
  const bool sure = !Contains(arguments, AnyText());
  // One that is not seen may stand in what is not known.
  const std::string absent = sure ? "" : AnyText();
  absl::flat_hash_map<std::string, std::string> values;
  for (const std::string& name : options) values[name] = sure ? "FALSE" : AnyText();
  for (const WordList* names : {&one, &many}) {
    for (const std::string& name : *names) values[name] = absent;
  }
  std::string keyword;
  for (const std::string& argument : arguments) {
    if (values.contains(argument)) {
      keyword = argument;
      if (Contains(options, argument)) values[argument] = "TRUE";
      if (Contains(many, argument) && values[argument] == AnyText()) values[argument] = "";
    } else if (Contains(one, keyword)) {
      values[keyword] = argument;
      keyword.clear();
    } else if (Contains(many, keyword)) {
      absl::StrAppend(&values[keyword], values[keyword].empty() ? "" : ";", argument);
    }
  }
  for (const auto& [name, value] : values) scope_->Set(prefix + name, value);
  scope_->Set(prefix + "UNPARSED_ARGUMENTS", AnyText());
}

void CMakeWalker::Project(const CMakeCommand& /*command*/, Words words) {
  const std::string name = words.sure > 0 ? words.words[0] : AnyText();
  const auto or_any = [](const std::string& value) { return value.empty() ? AnyText() : value; };
  scope_->Set("PROJECT_NAME", name);
  scope_->Set("PROJECT_SOURCE_DIR", or_any(directory_.source));
  scope_->Set("PROJECT_BINARY_DIR", or_any(directory_.binary));
  if (scope_ == &root_) scope_->Set("CMAKE_PROJECT_NAME", name);
}

void CMakeWalker::Include(const CMakeCommand& /*command*/, Words words) {
  if (words.sure == 0 || !IsKnown(words.words[0])) return;
  const std::string& name = words.words[0];
  const File* file = nullptr;
  if (!directory_.source.empty() || absl::StartsWith(name, "/")) {
    file = Read(CleanPath(JoinPath(directory_.source, name)));
  }
  if (file == nullptr && !absl::StrContains(name, "/")) {
    // A module of the project: one file of that name, wherever CMAKE_MODULE_PATH leads.
    std::string found;
    for (const std::string& path : project_.files) {
      if (Basename(path) != name + ".cmake") continue;
      if (!found.empty() && found != path) return;
      found = path;
    }
    if (!found.empty()) file = Read(found);
  }
  if (file != nullptr) RunFile(*file);
}

void CMakeWalker::AddSubdirectory(const CMakeCommand& /*command*/, Words words) {
  if (words.sure == 0 || !IsKnown(words.words[0]) || directory_.source.empty()) return;
  CMakeDirectory directory{CleanPath(JoinPath(directory_.source, words.words[0])), ""};
  const bool named =
      words.words.size() > 1 && words.words[1] != "EXCLUDE_FROM_ALL" && words.words[1] != "SYSTEM";
  if (named && words.sure > 1 && IsKnown(words.words[1]) && !directory_.binary.empty()) {
    directory.binary = CleanPath(JoinPath(directory_.binary, words.words[1]));
  } else if (!named && !directory_.binary.empty() && IsUnder(directory.source, directory_.source)) {
    directory.binary = CleanPath(directory_.binary + directory.source.substr(directory_.source.size()));
  }
  if (directory.binary.empty()) {
    for (const CMakeDirectory& known : project_.directories) {
      if (known.source == directory.source) directory.binary = directory.binary.empty() ? known.binary : "";
    }
  }
  CMakeScope scope(scope_);
  RunDirectory(directory, &scope);
}

}  // namespace glovebox::graph
