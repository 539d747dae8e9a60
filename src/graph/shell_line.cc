#include "graph/shell_line.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace glovebox::graph {
namespace {

// The index of the parenthesis that closes the one at `open`, or the end.
size_t ClosingParenthesis(absl::string_view text, size_t open) {
  char quote = 0;
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0) {
      return i;
    }
  }
  return text.size();
}

// The index of the backquote that closes the one at `open`, or the end; `body` loses the backslashes that
// only keep the shell from seeing one.
size_t ClosingBackquote(absl::string_view text, size_t open, std::string* body) {
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '`') return i;
    if (text[i] == '\\' && i + 1 < text.size() &&
        (text[i + 1] == '`' || text[i + 1] == '\\' || text[i + 1] == '$')) {
      ++i;
    }
    body->push_back(text[i]);
  }
  return text.size();
}

// Where one begins at `at`: adds it to the part and gives its length, else 0. $((...)) is arithmetic.
size_t TakeSubstitution(absl::string_view command, size_t at, ShellPart& part) {
  const absl::string_view rest = command.substr(at);
  std::string body;
  size_t end = 0;
  if (rest[0] == '`') {
    end = ClosingBackquote(command, at, &body);
  } else if (rest.size() > 1 && rest[0] == '$' && rest[1] == '(' && (rest.size() == 2 || rest[2] != '(')) {
    end = ClosingParenthesis(command, at + 1);
    body = std::string(command.substr(at + 2, end - at - 2));
  } else {
    return 0;
  }
  const size_t length = end < command.size() ? end - at + 1 : command.size() - at;
  absl::StrAppend(&part.text, command.substr(at, length));
  part.substitutions.push_back(std::move(body));
  return length;
}

}  // namespace

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
    if (quote != '\'') {
      if (const size_t length = TakeSubstitution(command, i, part); length > 0) {
        i += length - 1;
        continue;
      }
    }
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
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

std::string TakeWord(absl::string_view& text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  std::string word;
  char quote = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && absl::ascii_isspace(static_cast<unsigned char>(c))) break;
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

std::string RecipeToShell(absl::string_view line) {
  std::string shell;
  for (size_t i = 0; i < line.size(); ++i) {
    const char next = i + 1 < line.size() ? line[i + 1] : '\0';
    if (line[i] == '$' && next == '$') {
      ++i;
    } else if (line[i] == '$' && next == '(') {
      const size_t end = line.find(')', i);
      if (end != absl::string_view::npos) {
        absl::StrAppend(&shell, "${", line.substr(i + 2, end - i - 2), "}");
        i = end;
        continue;
      }
    }
    shell.push_back(line[i]);
  }
  return shell;
}

}  // namespace glovebox::graph
