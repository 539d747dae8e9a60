// The one place that prints errors, and the exit codes (docs/exit-codes.md).
#ifndef GLOVEBOX_CLI_PRINT_H_
#define GLOVEBOX_CLI_PRINT_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <streambuf>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace glovebox::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;  // what was asked for is not there, or could not be read or written
inline constexpr int kUsage = 2;
inline constexpr int kHostCannot = 3;

// "glovebox: TEXT" on stderr, escaped (base/bytes.h) here and nowhere before: names in a status are raw.
void PrintError(absl::string_view text);

// The same for a line that is escaped already, as those of report/ are.
void PrintLine(absl::string_view escaped);

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

// While it lives: a line on stderr that says what is being done and for how long, gone at the end. Only on a
// terminal that can take a line back (TERM is set and not "dumb"), and only where it takes longer than a
// person would notice (0.3 s).
//   const Progress progress([] { return "reading the log"; });
class Progress {
 public:
  // `text` is asked once, by another thread, when the line is shown.
  explicit Progress(std::function<std::string()> text);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Show(const std::function<std::string()>& text);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_PRINT_H_
