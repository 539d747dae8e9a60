// Byte strings that people must be able to read: names may hold newlines, escapes and bytes that are no
// UTF-8.
#ifndef GLOVEBOX_BASE_BYTES_H_
#define GLOVEBOX_BASE_BYTES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace glovebox {

// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(absl::string_view bytes);

// For a terminal or a report: printable UTF-8 is kept, control characters, quotes' backslash and bad bytes
// become \n, \t, \\ or \xNN. Reversible by UnescapeBytes.
std::string EscapeBytes(absl::string_view bytes);
std::string UnescapeBytes(absl::string_view text);

// For a shell command line: quoted only where it is needed.
std::string ShellQuote(absl::string_view word);

// For a command that people see and paste: as ShellQuote where all is printable UTF-8, else $'...' (bash,
// zsh, ksh) with the odd bytes escaped. Not for EscapeBytes afterwards, which would double its backslashes.
std::string PasteWord(absl::string_view word);

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_BYTES_H_
