#include "graph/depfile.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "graph/shell_line.h"

namespace glovebox::graph {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Cuts a depfile into names, colons and ends of lines.
class Cutter {
 public:
  enum class Kind { kName, kColon, kNewline, kEnd };

  explicit Cutter(absl::string_view text) : text_(text) {}
  int line() const { return line_; }

  Kind Next(std::string* name) {
    for (;;) {
      while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
      if (!Continues()) break;
    }
    if (at_ >= text_.size()) return Kind::kEnd;
    if (text_[at_] == '\n') {
      ++at_;
      ++line_;
      return Kind::kNewline;
    }
    if (IsColon()) {
      ++at_;
      return Kind::kColon;
    }
    Name(name);
    return Kind::kName;
  }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  // A backslash before the end of a line.
  bool Continues() {
    if (At(at_) != '\\') return false;
    const size_t end = At(at_ + 1) == '\r' ? at_ + 2 : at_ + 1;
    if (At(end) != '\n') return false;
    at_ = end + 1;
    ++line_;
    return true;
  }

  // Of a colon inside a name ("c:/x", "std:vector") something other than a blank follows.
  bool IsColon() const {
    return At(at_) == ':' &&
           (at_ + 1 >= text_.size() || IsBlank(At(at_ + 1)) || At(at_ + 1) == '\n' || At(at_ + 1) == '\\');
  }

  void Name(std::string* name) {
    name->clear();
    while (at_ < text_.size() && !IsBlank(text_[at_]) && text_[at_] != '\n' && !IsColon()) {
      if (text_[at_] == '$' && At(at_ + 1) == '$') ++at_;
      if (text_[at_] != '\\') {
        name->push_back(text_[at_++]);
      } else if (!Backslashes(name)) {
        return;
      }
    }
  }

  // A run of backslashes means what stands behind it: before a blank each pair is one backslash, and an odd
  // one takes the blank into the name; before '#' and ':' the last one goes; elsewhere all stay. False: the
  // line goes on after them, and the name has ended.
  bool Backslashes(std::string* name) {
    size_t count = 0;
    while (At(at_ + count) == '\\') ++count;
    const char next = At(at_ + count);
    if (next == '\n' || (next == '\r' && At(at_ + count + 1) == '\n')) {
      name->append(count - 1, '\\');
      at_ += count - 1;
      return false;
    }
    at_ += count;
    if (next == ' ') {
      name->append(count / 2, '\\');
      if (count % 2 == 1) {
        name->push_back(' ');
        ++at_;
      }
    } else if (next == '#' || (next == ':' && count > 0)) {
      name->append(count - 1, '\\');
      name->push_back(next);
      ++at_;
    } else {
      name->append(count, '\\');
    }
    return true;
  }

  absl::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

absl::StatusOr<Depfile> ParseDepfile(absl::string_view text) {
  Depfile depfile;
  absl::flat_hash_set<std::string> inputs, targets;
  Cutter cutter(text);
  std::vector<std::string> names;  // of the rule at hand, before its colon
  bool behind_colon = false;
  for (;;) {
    std::string name;
    const int line = cutter.line();
    const Cutter::Kind kind = cutter.Next(&name);
    if (kind == Cutter::Kind::kName && behind_colon) {
      if (inputs.insert(name).second) depfile.inputs.push_back(std::move(name));
    } else if (kind == Cutter::Kind::kName) {
      names.push_back(std::move(name));
    } else if (kind == Cutter::Kind::kColon) {
      behind_colon = true;
    } else {
      if (!behind_colon && !names.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("depfile, line ", line, ": \"", names.front(), "\" is followed by no colon"));
      }
      for (std::string& target : names) {
        // -MP: an input again, as a rule with nothing behind it.
        if (!inputs.contains(target) && targets.insert(target).second)
          depfile.targets.push_back(std::move(target));
      }
      names.clear();
      behind_colon = false;
      if (kind == Cutter::Kind::kEnd) return depfile;
    }
  }
}

std::string DepfileOf(absl::string_view command) {
  for (const ShellPart& part : SplitShell(command)) {
    absl::string_view text = part.text;
    bool transforms = false;
    std::string last;
    for (std::string word = TakeWord(text); !word.empty(); word = TakeWord(text)) {
      if (last == "-MF") return word;
      transforms = transforms || word == "cmake_transform_depfile";
      last = std::move(word);
    }
    if (transforms) return last;
  }
  return "";
}

}  // namespace glovebox::graph
