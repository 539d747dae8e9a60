#include "graph/cmake_lexer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace glovebox::graph {
namespace {

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  std::vector<CMakeCommand> Run() {
    absl::ConsumePrefix(&text_, "\xef\xbb\xbf");
    std::vector<CMakeCommand> commands;
    CMakeCommand command;
    while (Command(command)) commands.push_back(std::move(command));
    return commands;
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void Move(size_t count) {
    const absl::string_view moved = text_.substr(at_, count);
    line_ += static_cast<int>(std::count(moved.begin(), moved.end(), '\n'));
    at_ += moved.size();
  }

  // What stands in a bracket that begins here: "[==[ ... ]==]".
  std::optional<absl::string_view> Bracket() {
    size_t equals = 0;
    while (Peek(1 + equals) == '=') ++equals;
    if (Peek() != '[' || Peek(1 + equals) != '[' || unclosed_.contains(equals)) return std::nullopt;
    const size_t begin = at_ + equals + 2;
    const std::string close = absl::StrCat("]", std::string(equals, '='), "]");
    const size_t end = text_.find(close, begin);
    if (end == absl::string_view::npos) {
      unclosed_.insert(equals);
      return std::nullopt;
    }
    absl::string_view inside = text_.substr(begin, end - begin);
    Move(end + close.size() - at_);
    if (!absl::ConsumePrefix(&inside, "\r\n")) absl::ConsumePrefix(&inside, "\n");
    return inside;
  }

  void SkipBlanksAndComments() {
    while (!AtEnd()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(Peek()))) {
        Move(1);
      } else if (Peek() == '#') {
        Move(1);
        if (!Bracket().has_value()) Move(std::min(text_.find('\n', at_), text_.size()) - at_);
      } else {
        return;
      }
    }
  }

  bool Command(CMakeCommand& command) {
    SkipBlanksAndComments();
    const size_t begin = at_;
    command = {"", line_, {}};
    while (absl::ascii_isalnum(static_cast<unsigned char>(Peek())) || Peek() == '_') Move(1);
    command.name = absl::AsciiStrToLower(text_.substr(begin, at_ - begin));
    while (Peek() == ' ' || Peek() == '\t') Move(1);
    if (command.name.empty() || Peek() != '(') return false;
    Move(1);
    return Arguments(command.arguments);
  }

  bool Arguments(std::vector<CMakeArgument>& arguments) {
    using Kind = CMakeArgument::Kind;
    for (int depth = 1; depth > 0;) {
      SkipBlanksAndComments();
      if (AtEnd()) return false;
      if (Peek() == '(' || Peek() == ')') {
        depth += Peek() == '(' ? 1 : -1;
        if (depth > 0) arguments.push_back({Kind::kUnquoted, std::string(1, Peek())});
        Move(1);
      } else if (Peek() == '"') {
        const size_t begin = at_ + 1;
        if (!Quoted()) return false;
        arguments.push_back({Kind::kQuoted, std::string(text_.substr(begin, at_ - 1 - begin))});
      } else if (const std::optional<absl::string_view> bracket = Bracket()) {
        arguments.push_back({Kind::kBracket, std::string(*bracket)});
      } else if (const size_t begin = at_; Unquoted()) {
        arguments.push_back({Kind::kUnquoted, std::string(text_.substr(begin, at_ - begin))});
      } else {
        return false;
      }
    }
    return true;
  }

  bool Quoted() {
    Move(1);
    while (!AtEnd() && Peek() != '"') Move(Peek() == '\\' ? 2 : 1);
    if (AtEnd()) return false;
    Move(1);
    return true;
  }

  // With the two old forms: -Da="b c" and $(MAKE).
  bool Unquoted() {
    const size_t begin = at_;
    while (!AtEnd()) {
      const char c = Peek();
      if (absl::ascii_isspace(static_cast<unsigned char>(c)) || c == '(' || c == ')' || c == '#') break;
      if (c == '"') {
        if (!Quoted()) return false;
      } else if (c == '$' && Peek(1) == '(') {
        const size_t close = text_.find_first_of(")\n", at_);
        if (close == absl::string_view::npos || text_[close] != ')') return false;
        Move(close + 1 - at_);
      } else {
        Move(c == '\\' ? 2 : 1);
      }
    }
    return at_ > begin;
  }

  absl::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  absl::flat_hash_set<size_t> unclosed_;  // "[==[" that have no end from here on: not searched for again
};

}  // namespace

std::vector<CMakeCommand> ParseCMakeCommands(absl::string_view text) { return Lexer(text).Run(); }

namespace {

// Behind a bracket argument or comment that begins at `at` ("[[", "[==["); `at` itself where none does.
size_t SkipBracket(absl::string_view text, size_t at) {
  size_t open = at + 1;
  while (open < text.size() && text[open] == '=') ++open;
  if (at >= text.size() || text[at] != '[' || open >= text.size() || text[open] != '[') return at;
  const std::string close = std::string("]") + std::string(open - at - 1, '=') + "]";
  const size_t end = text.find(close, open + 1);
  return end == absl::string_view::npos ? text.size() : end + close.size();
}

// Behind a quoted argument that begins at `at`.
size_t SkipQuoted(absl::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

size_t LineStart(absl::string_view text, int line) {
  size_t at = 0;
  for (; line > 1 && at != absl::string_view::npos; --line) {
    at = text.find('\n', at);
    if (at != absl::string_view::npos) ++at;
  }
  return at;
}

}  // namespace

size_t FindCMakeCallEnd(absl::string_view text, int line) {
  size_t at = LineStart(text, line);
  if (at == absl::string_view::npos) return at;
  const size_t end_of_line = std::min(text.find('\n', at), text.size());
  at = text.find('(', at);
  if (at == absl::string_view::npos || at > end_of_line) return absl::string_view::npos;
  int depth = 1;
  for (++at; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      const size_t behind = SkipBracket(text, at + 1);
      at = behind != at + 1 ? behind : std::min(text.find('\n', at), text.size());
    } else if (c == '"') {
      at = SkipQuoted(text, at);
    } else if (c == '[' && SkipBracket(text, at) != at) {
      at = SkipBracket(text, at);
    } else if (c == '\\') {
      at += 2;
    } else {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (depth == 0) return at;
      ++at;
    }
  }
  return absl::string_view::npos;
}

}  // namespace glovebox::graph
