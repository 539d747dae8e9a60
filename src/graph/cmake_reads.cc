// What a project's own lines read while CMake configures it. What becomes of the variables that they set is
// not known.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "graph/cmake_walker.h"

namespace glovebox::graph {
namespace {

using WordList = std::vector<std::string>;

bool IsHash(const std::string& word) {
  return word == "MD5" || absl::StartsWith(word, "SHA1") || absl::StartsWith(word, "SHA2") ||
         absl::StartsWith(word, "SHA3") || word == "SHA512";
}

// The directory in front of the first part that stands for several names: the one that is listed first.
std::string GlobDirectory(const std::string& pattern) {
  const size_t wild = pattern.find_first_of("*?[");
  if (wild == std::string::npos) return std::string(Dirname(pattern));
  return std::string(Dirname(absl::StrCat(pattern.substr(0, wild), "x")));
}

bool IsKeywordOfProcess(const std::string& word) {
  static constexpr absl::string_view kWords[] = {"WORKING_DIRECTORY",
                                                 "TIMEOUT",
                                                 "RESULT_VARIABLE",
                                                 "RESULTS_VARIABLE",
                                                 "OUTPUT_VARIABLE",
                                                 "ERROR_VARIABLE",
                                                 "OUTPUT_FILE",
                                                 "ERROR_FILE",
                                                 "OUTPUT_QUIET",
                                                 "ERROR_QUIET",
                                                 "COMMAND_ECHO",
                                                 "OUTPUT_STRIP_TRAILING_WHITESPACE",
                                                 "ERROR_STRIP_TRAILING_WHITESPACE",
                                                 "ENCODING",
                                                 "ECHO_OUTPUT_VARIABLE",
                                                 "ECHO_ERROR_VARIABLE",
                                                 "COMMAND_ERROR_IS_FATAL"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

}  // namespace

// "?" in front of what may lie anywhere.
std::string CMakeWalker::InSourceDir(const std::string& path) const {
  if (path.empty() || path[0] == kAnyText || path[0] == '/') return IsKnown(path) ? CleanPath(path) : path;
  const std::string directory = directory_.source.empty() ? std::string(1, kAnyText) : directory_.source;
  const std::string joined = absl::StrCat(directory, "/", path);
  return IsKnown(joined) ? CleanPath(joined) : joined;
}

void CMakeWalker::DeclareRead(CMakeRead read, const CMakeCommand& command) {
  if (silent_ || running_ == nullptr) return;
  read.call = {running_->path, command.line, command.name};
  const std::string key = absl::StrCat("read ", static_cast<int>(read.kind), read.below ? " below " : " ",
                                       read.pattern, "\n", read.call.file, "\n", command.line);
  if (declared_.insert(key).second) script_.reads.push_back(std::move(read));
}

void CMakeWalker::FileCommand(const CMakeCommand& command, Words words) {
  ForgetWhatIsNamed(words);
  const WordList& word = words.words;
  if (word.size() < 2 || words.sure < 1) return;
  if (word[0] == "READ" || word[0] == "STRINGS" || word[0] == "COPY_FILE" || IsHash(word[0])) {
    DeclareRead({CMakeRead::Kind::kFile, InSourceDir(word[1]), false, {}}, command);
  } else if (word[0] == "GLOB" || word[0] == "GLOB_RECURSE") {
    FileGlob(command, words);
  } else if (word[0] == "COPY" || word[0] == "INSTALL") {
    FileCopy(command, words);
  } else if (word[0] == "DOWNLOAD" || word[0] == "UPLOAD") {
    DeclareRead({CMakeRead::Kind::kNetwork, word[1], false, {}}, command);
  }
}

// One with CONFIGURE_DEPENDS looks again before each build.
void CMakeWalker::FileGlob(const CMakeCommand& command, Words words) {
  const WordList& word = words.words;
  if (std::find(word.begin(), word.end(), "CONFIGURE_DEPENDS") != word.end()) return;
  for (size_t i = 2; i < word.size(); ++i) {
    if (word[i] == "LIST_DIRECTORIES" || word[i] == "RELATIVE") {
      ++i;
    } else if (word[i] != "FOLLOW_SYMLINKS") {
      DeclareRead(
          {CMakeRead::Kind::kList, GlobDirectory(InSourceDir(word[i])), word[0] == "GLOB_RECURSE", {}},
          command);
    }
  }
}

// A directory is copied with all that it holds.
void CMakeWalker::FileCopy(const CMakeCommand& command, Words words) {
  for (size_t i = 1; i < words.words.size() && words.words[i] != "DESTINATION"; ++i) {
    const std::string path = InSourceDir(words.words[i]);
    DeclareRead({CMakeRead::Kind::kFile, path, true, {}}, command);
    DeclareRead({CMakeRead::Kind::kList, path, true, {}}, command);
  }
}

// Each word of its commands may be a file: one that is none is never asked for.
void CMakeWalker::ExecuteProcess(const CMakeCommand& command, Words words) {
  ForgetWhatIsNamed(words);
  const WordList& word = words.words;
  std::string directory(1, kAnyText);
  const auto named = std::find(word.begin(), word.end(), "WORKING_DIRECTORY");
  if (named != word.end() && named + 1 != word.end()) directory = InSourceDir(*(named + 1));
  bool here = false;
  for (const std::string& text : word) {
    if (text == "COMMAND" || text == "INPUT_FILE") {
      here = true;
    } else if (IsKeywordOfProcess(text)) {
      here = false;
    } else if (here && !text.empty() && text[0] != '-') {
      const bool whole = text[0] == '/' || text[0] == kAnyText;
      const std::string path = whole ? text : absl::StrCat(directory, "/", text);
      const std::string clean = IsKnown(path) ? CleanPath(path) : path;
      DeclareRead({CMakeRead::Kind::kFile, clean, false, {}}, command);
      DeclareRead({CMakeRead::Kind::kList, clean, false, {}}, command);
    }
  }
}

void CMakeWalker::FetchContent(const CMakeCommand& command, Words words) {
  ForgetWhatIsNamed(words);
  DeclareRead({CMakeRead::Kind::kNetwork, "", false, {}}, command);
}

}  // namespace glovebox::graph
