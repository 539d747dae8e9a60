#include "policy/syntax_mend.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace glovebox::policy {
namespace {

// Of the line where reading stopped.
struct Line {
  absl::string_view text;   // without blanks around it
  absl::string_view key;    // before the first =
  absl::string_view value;  // behind it, without a comment
};

absl::string_view Stripped(absl::string_view text) { return absl::StripAsciiWhitespace(text); }

Line Cut(absl::string_view text) {
  Line line;
  line.text = Stripped(text);
  const size_t equals = line.text.find('=');
  if (equals == absl::string_view::npos) return line;
  line.key = Stripped(line.text.substr(0, equals));
  line.value = line.text.substr(equals + 1);
  if (!absl::StrContains(line.value, "\"") && !absl::StrContains(line.value, "'"))
    line.value = line.value.substr(0, line.value.find('#'));
  line.value = Stripped(line.value);
  return line;
}

std::string Assigned(const Line& line, absl::string_view value) {
  return absl::StrCat(line.key, " = ", value);
}

// The words of a value, quoted where they are not: of a list each one.
std::string Quoted(absl::string_view value) {
  if (!absl::StartsWith(value, "[")) return absl::StrCat("\"", value, "\"");
  std::vector<std::string> words;
  for (absl::string_view word : absl::StrSplit(absl::StripSuffix(value.substr(1), "]"), ',')) {
    word = Stripped(word);
    if (word.empty()) continue;
    const bool quoted = word[0] == '"' || word[0] == '\'';
    words.push_back(quoted ? std::string(word) : absl::StrCat("\"", word, "\""));
  }
  std::string list = "[";
  for (const std::string& word : words) absl::StrAppend(&list, list.size() > 1 ? ", " : "", word);
  return list + "]";
}

std::string OfValue(const Line& line) {
  if (line.key.empty()) {  // a row of a list
    const absl::string_view word = Stripped(line.text.substr(0, line.text.find_first_of(",]#")));
    const bool plain = !word.empty() && word.find_first_of("\"'[{}") == absl::string_view::npos;
    return plain ? absl::StrCat(": put it in quotes: ", Quoted(word)) : "";
  }
  if (line.value.empty()) return ": it has no value";
  if (absl::StrContains(line.value, "\u201c") || absl::StrContains(line.value, "\u201d"))
    return ": these are no quotes of TOML's: say it with \"";
  const std::string small = absl::AsciiStrToLower(line.value);
  for (const char* word : {"true", "false"}) {
    if (small == word) return absl::StrCat(": in small letters: ", Assigned(line, word));
  }
  // What holds a quote, or a table, is wrong in another way.
  const bool plain = line.value.find_first_of("\"'{}") == absl::string_view::npos;
  const bool list = absl::StartsWith(line.value, "[");
  if (list ? !absl::EndsWith(line.value, "]") : !plain || absl::StrContains(line.value, "]")) return "";
  if (absl::StrContains(line.key, "expires")) return ": a day is year, month and day: expires = 2026-12-31";
  return absl::StrCat(": put it in quotes: ", Assigned(line, Quoted(line.value)));
}

std::string OfHeader(const Line& line) {
  const bool twice = absl::StartsWith(line.text, "[[");
  absl::string_view name = line.text.substr(twice ? 2 : 1);
  name = Stripped(name.substr(0, name.find_first_of("]#")));
  const absl::string_view open = twice ? "[[" : "[", close = twice ? "]]" : "]";
  const size_t blank = name.find(' ');
  if (blank == absl::string_view::npos) return absl::StrCat(": say ", open, name, close);
  const size_t dot = name.find('.');
  if (dot == absl::string_view::npos || dot > blank) return absl::StrCat(": close it: ", close);
  return absl::StrCat(": a name with a blank stands in quotes: ", open, name.substr(0, dot + 1), "\"",
                      name.substr(dot + 1), "\"", close);
}

// The line above that said it first; 0: not found.
int FirstOf(const std::vector<absl::string_view>& lines, int line, const Line& again) {
  for (int i = 0; i + 1 < line; ++i) {
    const Line one = Cut(lines[static_cast<size_t>(i)]);
    const bool header = absl::StartsWith(again.text, "[");
    if (header ? one.text == again.text : !one.key.empty() && one.key == again.key) return i + 1;
  }
  return 0;
}

std::string OfSecond(const std::vector<absl::string_view>& lines, int line, const Line& again) {
  const int first = FirstOf(lines, line, again);
  const std::string where = first == 0 ? " already" : absl::StrCat(" already in line ", first);
  if (absl::StartsWith(again.text, "["))
    return absl::StrCat(": it is there", where, ": write what is below both under one");
  return absl::StrCat(": it is said", where, ": take one of them out");
}

}  // namespace

std::string SyntaxMend(absl::string_view text, int line, absl::string_view description) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (line < 1 || static_cast<size_t>(line) > lines.size()) return "";
  const Line at = Cut(lines[static_cast<size_t>(line) - 1]);
  const auto says = [description](absl::string_view words) { return absl::StrContains(description, words); };
  const bool ends = says("end-of-file");
  if (says("cannot redefine existing")) return OfSecond(lines, line, at);
  if (says("table header")) return says("expected ']'") || ends ? OfHeader(at) : "";
  if (says("unknown escape"))
    return ": in \"...\" a backslash is written twice; in '...' it stands for itself";
  if (says("parsing array")) {
    return ends                     ? ": close the list with a ]"
           : says("expected comma") ? ": put a comma between its words, or close it with a ]"
                                    : "";
  }
  if (says("parsing inline table")) {
    return ends ? ": close it with a }" : ": between { and } all stands on one line, with commas between";
  }
  if (says("string") && (ends || says("control characters") || says("line break")))
    return absl::StrCat(": close it with a ", absl::StrContains(at.value, "'") ? "'" : "\"");
  if (says("expected '='") || (says("key-value pair") && ends && at.key.empty()))
    return ": a key and its value are written key = value";
  for (const char* value : {"parsing value", "integer", "floating", "boolean", "parsing date", "parsing time",
                            "date-time", "key-value pair"}) {
    if (says(value)) return OfValue(at);
  }
  return "";
}

}  // namespace glovebox::policy
