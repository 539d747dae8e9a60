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

int FinishOutput() {
  errno = 0;
  if (std::cout.flush().good()) return kOk;
  PrintError(absl::StrCat("cannot write to standard output: ", errno != 0 ? ErrnoName(errno) : "it failed"));
  return kFailed;
}

Progress::Progress(absl::string_view text) : shown_(isatty(STDERR_FILENO) == 1) {
  if (shown_) fprintf(stderr, "\r\033[K%.*s ...", static_cast<int>(text.size()), text.data());
}

Progress::~Progress() {
  if (shown_) fputs("\r\033[K", stderr);
}

}  // namespace glovebox::cli
