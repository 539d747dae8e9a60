#include "graph/cmake_walker.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/paths.h"
#include "graph/cmake_condition.h"

namespace glovebox::graph {
namespace {

constexpr int kMaxDepth = 100;
constexpr size_t kMaxRounds = 2000;
constexpr size_t kMaxNumbered = 32;  // ARGV0 ...

// Where each block ends, in one pass.
std::vector<size_t> FindBlockEnds(const std::vector<CMakeCommand>& commands) {
  std::vector<size_t> next(commands.size(), commands.size());
  std::vector<std::pair<absl::string_view, size_t>> open;
  for (size_t i = 0; i < commands.size(); ++i) {
    const std::string& name = commands[i].name;
    if (name == "if" || name == "foreach" || name == "while" || name == "function" || name == "macro") {
      open.emplace_back(name, i);
    } else if (name == "elseif" || name == "else") {
      if (open.empty() || open.back().first != "if") continue;
      next[std::exchange(open.back().second, i)] = i;
    } else if (!open.empty() && absl::StartsWith(name, "end") && name.substr(3) == open.back().first) {
      next[open.back().second] = i;
      open.pop_back();
    }
  }
  return next;
}

}  // namespace

CMakeWalker::CMakeWalker(const CMakeProject& project, const CMakeReader& read)
    : project_(project), read_(read) {}

CMakeScript CMakeWalker::Walk() {
  RunDirectory({project_.source_dir, project_.build_dir}, &root_);
  RunUnvisited();
  RunUncalled();
  return std::move(script_);
}

bool CMakeWalker::Stopped() {
  if (steps_ > project_.most_commands) script_.complete = false;
  return steps_ > project_.most_commands;
}

const CMakeWalker::File* CMakeWalker::Read(const std::string& path) {
  const auto [at, added] = files_.try_emplace(path);
  if (added) {
    if (const std::optional<std::string> text = read_(path)) {
      auto file = std::make_unique<File>();
      file->path = path;
      file->commands = ParseCMakeCommands(*text);
      file->next = FindBlockEnds(file->commands);
      files_[path] = std::move(file);
    }
  }
  return files_[path].get();
}

void CMakeWalker::RunFile(const File& file) {
  visited_.insert(file.path);
  const std::string list_file = std::exchange(list_file_, file.path);
  RunRange(file, 0, file.commands.size());
  list_file_ = list_file;
}

void CMakeWalker::RunDirectory(const CMakeDirectory& directory, CMakeScope* scope) {
  const File* file = Read(JoinPath(directory.source, "CMakeLists.txt"));
  if (file == nullptr) return;
  const CMakeDirectory outer_directory = std::exchange(directory_, directory);
  CMakeScope* const outer_scope = std::exchange(scope_, scope);
  RunFile(*file);
  directory_ = outer_directory;
  scope_ = outer_scope;
}

void CMakeWalker::RunRange(const File& file, size_t begin, size_t end) {
  if (depth_ >= kMaxDepth) {
    script_.complete = false;
    return;
  }
  ++depth_;
  for (size_t i = begin; i < end; ++i) {
    ++steps_;
    if (Stopped()) break;
    const CMakeCommand& command = file.commands[i];
    if (const size_t block_end = RunBlock(file, i); block_end != i) {
      i = block_end;
      continue;
    }
    const File* const outer = std::exchange(running_, &file);
    const CMakeWords words =
        ExpandCMakeArguments(command.arguments, [this](const std::string& name) { return Lookup(name); });
    if (const auto defined = by_name_.find(command.name); defined != by_name_.end()) {
      Call(std::vector<size_t>(defined->second), words);
    } else if (const auto handler = Handlers().find(command.name); handler != Handlers().end()) {
      (this->*handler->second)(command, words);
    } else {
      ForgetWhatIsNamed(words);
    }
    running_ = outer;
  }
  --depth_;
}

// Returns the place of the block's end, or `at` where no block begins.
size_t CMakeWalker::RunBlock(const File& file, size_t at) {
  const std::string& name = file.commands[at].name;
  size_t end = file.next[at];
  if (name == "if") {
    RunIf(file, at);
    while (end < file.commands.size() && file.commands[end].name != "endif") end = file.next[end];
  } else if (name == "foreach") {
    RunForeach(file, at);
  } else if (name == "while") {
    RunUnknownTimes(file, at + 1, end);
  } else if (name == "function" || name == "macro") {
    Define(file, at);
  } else {
    return at;
  }
  return end;
}

void CMakeWalker::RunIf(const File& file, size_t at) {
  std::vector<std::string> changed;
  bool sure = true;  // nothing that stands in front can have been taken
  while (at < file.commands.size() && file.commands[at].name != "endif") {
    const CMakeCommand& command = file.commands[at];
    const CMakeTruth truth = command.name == "else"
                                 ? CMakeTruth::kTrue
                                 : EvaluateCMakeCondition(command.arguments, [this](const std::string& name) {
                                     return Lookup(name);
                                   });
    if (truth == CMakeTruth::kTrue && sure) {
      RunRange(file, at + 1, file.next[at]);
    } else if (truth != CMakeTruth::kFalse) {
      scope_->EnterMaybe();
      RunRange(file, at + 1, file.next[at]);
      const std::vector<std::string> names = scope_->LeaveMaybe();
      changed.insert(changed.end(), names.begin(), names.end());
      sure = false;
    }
    if (truth == CMakeTruth::kTrue) break;
    at = file.next[at];
  }
  SetUnknown(changed);
}

// What one round sets, the next one may read: so the names first, then the round that counts.
void CMakeWalker::RunUnknownTimes(const File& file, size_t begin, size_t end) {
  const bool silent = std::exchange(silent_, true);
  scope_->EnterMaybe();
  RunRange(file, begin, end);
  const std::vector<std::string> changed = scope_->LeaveMaybe();
  silent_ = silent;
  SetUnknown(changed);
  if (silent_) return;
  scope_->EnterMaybe();
  RunRange(file, begin, end);
  SetUnknown(scope_->LeaveMaybe());
}

void CMakeWalker::RunForeach(const File& file, size_t at) {
  const CMakeWords words = ExpandCMakeArguments(file.commands[at].arguments,
                                                [this](const std::string& name) { return Lookup(name); });
  const size_t begin = at + 1, end = file.next[at];
  if (words.words.empty() || !IsKnown(words.words[0])) return RunUnknownTimes(file, begin, end);
  const std::string& variable = words.words[0];
  std::vector<std::string> items;
  bool known = true, lists = false;
  const bool in = words.words.size() > 1 && words.words[1] == "IN";
  for (size_t i = in ? 2 : 1; i < words.words.size(); ++i) {
    const std::string& word = words.words[i];
    if (i == 1 && word == "RANGE") known = false;
    if (in && (word == "LISTS" || word == "ITEMS" || word == "ZIP_LISTS")) {
      lists = word == "LISTS";
      known = known && word != "ZIP_LISTS";
    } else {
      const std::vector<std::string> more =
          lists ? SplitCMakeList(Lookup(word)) : std::vector<std::string>{word};
      items.insert(items.end(), more.begin(), more.end());
    }
  }
  for (const std::string& item : items) known = known && IsKnown(item);
  const std::optional<std::string> hidden = scope_->Own(variable);
  if (!known || items.size() > kMaxRounds) {
    scope_->Set(variable, AnyText());
    RunUnknownTimes(file, begin, end);
  } else {
    for (const std::string& item : items) {
      scope_->Set(variable, item);
      RunRange(file, begin, end);
    }
  }
  scope_->Restore(variable, hidden);
}

void CMakeWalker::Define(const File& file, size_t at) {
  const CMakeCommand& command = file.commands[at];
  const CMakeWords words =
      ExpandCMakeArguments(command.arguments, [this](const std::string& name) { return Lookup(name); });
  if (words.words.empty() || !IsKnown(words.words[0])) return;
  std::vector<size_t>& definitions = by_name_[absl::AsciiStrToLower(words.words[0])];
  for (const size_t known : definitions) {
    if (functions_[known].file == &file && functions_[known].begin == at + 1) return;
  }
  if (!scope_->in_maybe()) definitions.clear();
  definitions.push_back(functions_.size());
  functions_.push_back({&file, at + 1, file.next[at], command.name == "macro", false, 0,
                        std::vector<std::string>(words.words.begin() + 1, words.words.end())});
}

void CMakeWalker::Call(const std::vector<size_t>& definitions, Words words) {
  if (definitions.size() == 1) return CallOne(definitions[0], words);
  std::vector<std::string> changed;
  for (const size_t definition : definitions) {
    scope_->EnterMaybe();
    CallOne(definition, words);
    const std::vector<std::string> names = scope_->LeaveMaybe();
    changed.insert(changed.end(), names.begin(), names.end());
  }
  SetUnknown(changed);
}

void CMakeWalker::CallOne(size_t number, Words words) {
  functions_[number].called = true;
  const Function called = functions_[number];  // a function that is defined in it may move the vector
  // Within itself, and with nothing that is known, it says again what it is about to say.
  const bool known = std::any_of(words.words.begin(), words.words.end(), IsKnown);
  if (called.active > 0 && !known) return;
  ++functions_[number].active;
  std::vector<std::pair<std::string, std::string>> arguments;
  const auto argument = [&words](size_t i) {
    return i < words.sure ? words.words[i] : words.sure < words.words.size() ? AnyText() : std::string();
  };
  for (size_t i = 0; i < called.parameters.size(); ++i) {
    arguments.emplace_back(called.parameters[i], argument(i));
  }
  for (size_t i = 0; i < kMaxNumbered; ++i) arguments.emplace_back(absl::StrCat("ARGV", i), argument(i));
  const bool sure = words.sure == words.words.size();
  arguments.emplace_back("ARGC", sure ? absl::StrCat(words.words.size()) : AnyText());
  arguments.emplace_back("ARGV", absl::StrJoin(words.words, ";"));
  const size_t named = std::min(called.parameters.size(), words.words.size());
  // Where the named ones are not sure, nor is where the others begin.
  arguments.emplace_back("ARGN", named > words.sure
                                     ? AnyText()
                                     : absl::StrJoin(words.words.begin() + static_cast<ptrdiff_t>(named),
                                                     words.words.end(), ";"));
  const std::string function_file = std::exchange(function_file_, called.file->path);
  if (called.macro) {
    std::vector<std::optional<std::string>> hidden;
    for (auto& [name, value] : arguments) {
      hidden.push_back(scope_->Own(name));
      scope_->Set(name, std::move(value));
    }
    RunRange(*called.file, called.begin, called.end);
    for (size_t i = arguments.size(); i-- > 0;) scope_->Restore(arguments[i].first, hidden[i]);
  } else {
    CMakeScope inner(scope_);
    for (auto& [name, value] : arguments) inner.Set(name, std::move(value));
    CMakeScope* const outer = std::exchange(scope_, &inner);
    RunRange(*called.file, called.begin, called.end);
    scope_ = outer;
  }
  function_file_ = function_file;
  --functions_[number].active;
}

// Nothing is known of who calls them: from a module, a name that is put together.
void CMakeWalker::RunUncalled() {
  for (size_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].called) continue;
    CMakeScope scope(nullptr);
    CMakeScope* const outer = std::exchange(scope_, &scope);
    const CMakeDirectory directory = std::exchange(directory_, {});
    const std::string list_file = std::exchange(list_file_, "");
    CallOne(i, {{AnyText()}, 0});
    list_file_ = list_file;
    directory_ = directory;
    scope_ = outer;
  }
}

void CMakeWalker::RunUnvisited() {
  for (const CMakeDirectory& directory : project_.directories) {
    if (visited_.contains(JoinPath(directory.source, "CMakeLists.txt"))) continue;
    CMakeScope scope(nullptr);
    RunDirectory(directory, &scope);
  }
  for (const std::string& path : project_.files) {
    if (visited_.contains(path)) continue;
    const File* file = Read(path);
    if (file == nullptr) continue;
    CMakeScope scope(nullptr);
    CMakeScope* const outer = std::exchange(scope_, &scope);
    const CMakeDirectory directory = std::exchange(directory_, {});
    RunFile(*file);
    directory_ = directory;
    scope_ = outer;
  }
}

CMakeScript WalkCMakeProject(const CMakeProject& project, const CMakeReader& read) {
  return CMakeWalker(project, read).Walk();
}

}  // namespace glovebox::graph
