// The one place that prints errors, and the exit codes (docs/exit-codes.md).
#ifndef GLOVEBOX_CLI_PRINT_H_
#define GLOVEBOX_CLI_PRINT_H_

#include <streambuf>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace glovebox::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;  // what was asked for is not there, or could not be read or written
inline constexpr int kUsage = 2;
inline constexpr int kHostCannot = 3;

// "glovebox: TEXT" on stderr.
void PrintError(absl::string_view text);

// Prints an error and gives its exit code: 2 for what was asked wrongly, 3 for what this host cannot do,
// else 1.
int Report(const absl::Status& status);

// Standard output of a subcommand: while it lives std::cout writes to descriptor 1 through it, and the first
// failure is kept (what the C library has buffered loses the errno, and with it the reason). main() holds the
// one there is, so that no subcommand can forget to look.
class Output : private std::streambuf {
 public:
  Output();
  ~Output() override;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Writes what is left: 0, or 1 with one error printed (a full disk, a reader that went away).
  int Finish();

 private:
  int_type overflow(int_type c) override;
  int sync() override;

  char buffer_[1 << 16];
  int error_ = 0;
  std::streambuf* before_;
};

// A line on stderr that says what is being done, replaced by the next one and gone at the end; only on a
// terminal.
class Progress {
 public:
  explicit Progress(absl::string_view text);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  bool shown_;
};

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_PRINT_H_
