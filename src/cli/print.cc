#include "cli/print.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/bytes.h"
#include "base/status.h"

namespace glovebox::cli {

void PrintError(absl::string_view text) {
  // One line that a terminal only shows, whatever a name or a library put into the message.
  const std::string line =
      absl::StrCat("glovebox: ", EscapeBytes(absl::StrReplaceAll(text, {{"\n", "; "}})), "\n");
  fwrite(line.data(), 1, line.size(), stderr);
}

int Report(const absl::Status& status) {
  if (status.ok()) return kOk;
  PrintError(status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return kUsage;
    case absl::StatusCode::kUnimplemented:
      return kHostCannot;
    default:
      return kFailed;
  }
}

Output::Output() : before_(std::cout.rdbuf(this)) { setp(buffer_, buffer_ + sizeof buffer_); }

Output::~Output() { std::cout.rdbuf(before_); }

Output::int_type Output::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  return sputc(traits_type::to_char_type(c));
}

int Output::sync() {
  const char* at = pbase();
  while (error_ == 0 && at != pptr()) {
    const ssize_t size = write(STDOUT_FILENO, at, static_cast<size_t>(pptr() - at));
    if (size >= 0)
      at += size;
    else if (errno != EINTR)
      error_ = errno;
  }
  setp(buffer_, buffer_ + sizeof buffer_);
  return error_ == 0 ? 0 : -1;
}

int Output::Finish() {
  if (sync() == 0) return kOk;
  PrintError(absl::StrCat("cannot write to standard output: ", ErrnoName(error_)));
  return kFailed;
}

Progress::Progress(absl::string_view text) : shown_(isatty(STDERR_FILENO) == 1) {
  if (shown_) fprintf(stderr, "\r\033[K%.*s ...", static_cast<int>(text.size()), text.data());
}

Progress::~Progress() {
  if (shown_) fputs("\r\033[K", stderr);
}

}  // namespace glovebox::cli
