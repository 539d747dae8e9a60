#include "cli/print.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status.h"
#include "report/format.h"

namespace glovebox::cli {

// One line that a terminal only shows, whatever a name or a library put into the message.
void PrintError(absl::string_view text) { PrintLine(EscapeBytes(text)); }

void PrintLine(absl::string_view escaped) {
  const std::string line = absl::StrCat("glovebox: ", escaped, "\n");
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

Progress::Progress(std::function<std::string()> text) {
  const char* term = getenv("TERM");
  if (isatty(STDERR_FILENO) != 1 || term == nullptr || *term == '\0' || absl::string_view(term) == "dumb")
    return;
  thread_ = std::thread([this, text = std::move(text)] { Show(text); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Progress::Show(const std::function<std::string()>& text) {
  constexpr auto kNoticed = std::chrono::milliseconds(300);
  const auto start = std::chrono::steady_clock::now();
  const auto ended = [this] { return ended_; };
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, start + kNoticed, ended)) return;
  lock.unlock();
  const std::string what = EscapeBytes(text());
  // One column is left free: a terminal wraps when its last one is written.
  const int width = report::StyleFor(STDERR_FILENO).width;
  lock.lock();
  for (int seconds = 0; !ended_; ++seconds) {
    const std::string line = absl::StrCat(what, " ...", seconds > 0 ? absl::StrCat(" ", seconds, " s") : "");
    fprintf(stderr, "\r\033[K%s", report::Shorten(line, width > 1 ? width - 1 : width).c_str());
    changed_.wait_until(lock, start + std::chrono::seconds(seconds + 1), ended);
  }
  fputs("\r\033[K", stderr);
}

}  // namespace glovebox::cli
