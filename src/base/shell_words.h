// The words of a POSIX shell (and bash's, which a makefile may choose) that are no programs: what begins with
// one of them cannot be handed to another process. Not among them is what is a program as well (test, echo,
// printf, pwd, kill ...). cmake-modules/GloveboxEnable.cmake leaves the usual ones of them to the shell.
// Allocates nothing.
#ifndef GLOVEBOX_BASE_SHELL_WORDS_H_
#define GLOVEBOX_BASE_SHELL_WORDS_H_

#include <cstddef>
#include <string_view>

namespace glovebox {

inline constexpr std::string_view kShellBuiltins[] = {
    ".",      ":",     "alias",  "bg",      "break",   "cd",      "command",  "continue", "declare", "eval",
    "exec",   "exit",  "export", "fg",      "fc",      "getopts", "hash",     "jobs",     "let",     "local",
    "popd",   "pushd", "read",   "set",     "shift",   "shopt",   "readonly", "trap",     "return",  "times",
    "source", "type",  "umask",  "typeset", "unalias", "ulimit",  "wait",     "builtin",  "unset",
};
// These open a part of the shell's grammar.
inline constexpr std::string_view kShellKeywords[] = {
    "!", "{", "(", "[[", "if", "for", "while", "until", "case", "select", "function",
};

constexpr bool IsShellBuiltin(std::string_view word) {
  for (const std::string_view one : kShellBuiltins) {
    if (one == word) return true;
  }
  return false;
}

constexpr bool IsShellKeyword(std::string_view word) {
  if (!word.empty() && word[0] == '(') return true;  // `(cd`: it ends a word
  for (const std::string_view one : kShellKeywords) {
    if (one == word) return true;
  }
  return false;
}

// NAME=VALUE, NAME being one that a shell assigns to.
constexpr bool IsShellAssignment(std::string_view word) {
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (c == '=') return i > 0;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return false;
}

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_SHELL_WORDS_H_
