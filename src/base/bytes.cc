#include "base/bytes.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace glovebox {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `bytes`, 0 where there is none.
size_t Utf8SequenceLength(absl::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  size_t length = 0;
  uint8_t low = 0x80;  // bounds of the second byte: they exclude overlong forms, surrogates and > U+10FFFF
  uint8_t high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  }
  if (length == 0 || bytes.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = Utf8SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string EscapeBytes(absl::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t length = Utf8SequenceLength(bytes);
    const auto lead = static_cast<uint8_t>(bytes[0]);
    // U+0080..U+009F are C1 controls: a terminal may obey them.
    const bool c1 = length == 2 && lead == 0xc2 && static_cast<uint8_t>(bytes[1]) < 0xa0;
    if (length > 1 && !c1) {
      absl::StrAppend(&out, bytes.substr(0, length));
    } else if (length == 1 && lead >= 0x20 && lead != 0x7f && lead != '\\') {
      out.push_back(bytes[0]);
    } else if (lead == '\n') {
      out += "\\n";
    } else if (lead == '\t') {
      out += "\\t";
    } else if (lead == '\\') {
      out += "\\\\";
    } else {
      const size_t count = length == 0 ? 1 : length;
      for (size_t i = 0; i < count; ++i) {
        absl::StrAppend(&out, "\\x", absl::Hex(static_cast<uint8_t>(bytes[i]), absl::kZeroPad2));
      }
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string UnescapeBytes(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char kind = text[++i];
    if (kind == 'n') {
      out.push_back('\n');
    } else if (kind == 't') {
      out.push_back('\t');
    } else if (kind == 'x' && i + 2 < text.size()) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out.push_back(kind);
    }
  }
  return out;
}

std::string ShellQuote(absl::string_view word) {
  constexpr absl::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
  if (!word.empty() && word.find_first_not_of(kPlain) == absl::string_view::npos) return std::string(word);
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string PasteWord(absl::string_view word) {
  const std::string escaped = EscapeBytes(word);
  // A printable word is lengthened by its backslashes, and by nothing else.
  const auto backslashes = static_cast<size_t>(std::count(word.begin(), word.end(), '\\'));
  if (escaped.size() == word.size() + backslashes) return ShellQuote(word);
  return absl::StrCat("$'", absl::StrReplaceAll(escaped, {{"'", "\\'"}}), "'");
}

}  // namespace glovebox
