#include "child/inherited.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <initializer_list>

namespace glovebox::child {
namespace {

constexpr unsigned kCloexec = 1u << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11

// Sorted.
class Kept {
 public:
  void Add(long number) {
    if (number <= 2 || number > INT_MAX || size_ == kMostKept) return;
    size_t at = size_;
    while (at > 0 && numbers_[at - 1] > number) {
      numbers_[at] = numbers_[at - 1];
      --at;
    }
    numbers_[at] = static_cast<unsigned>(number);
    ++size_;
  }
  size_t size() const { return size_; }
  unsigned operator[](size_t i) const { return numbers_[i]; }

 private:
  unsigned numbers_[kMostKept];
  size_t size_ = 0;
};

// Behind `text`'s digits, which become *number; null where there are none, or too many for a descriptor.
const char* ReadNumber(const char* text, long* number) {
  const char* at = text;
  for (*number = 0; *at >= '0' && *at <= '9' && at - text < 10; ++at) *number = *number * 10 + (*at - '0');
  return at == text || (*at >= '0' && *at <= '9') ? nullptr : at;
}

// Calls `found` with what stands behind each `prefix` in `text`.
template <typename Found>
void ForEach(const char* text, const char* prefix, Found found) {
  const size_t length = strlen(prefix);
  while ((text = strchr(text, prefix[0])) != nullptr) {
    if (strncmp(text, prefix, length) == 0) found(text + length);
    ++text;
  }
}

void AddJobserver(const char* makeflags, Kept* kept) {
  for (const char* option : {"--jobserver-auth=", "--jobserver-fds="}) {
    ForEach(makeflags, option, [kept](const char* value) {
      long read = 0, write = 0;
      const char* comma = ReadNumber(value, &read);
      if (comma == nullptr || *comma != ',' || ReadNumber(comma + 1, &write) == nullptr) return;
      kept->Add(read);
      kept->Add(write);
    });
  }
}

void AddNamed(const char* word, Kept* kept) {
  for (const char* directory : {"/dev/fd/", "/proc/self/fd/"}) {
    ForEach(word, directory, [kept](const char* rest) {
      long number = 0;
      if (ReadNumber(rest, &number) != nullptr) kept->Add(number);
    });
  }
}

void CloseAtExec(unsigned first, unsigned last) {
  if (first > last || syscall(SYS_close_range, first, last, kCloexec) == 0) return;
  // An older kernel: one by one, as far as anybody counts.
  constexpr unsigned kHighest = 65536;
  for (unsigned fd = first; fd <= last && fd <= kHighest; ++fd) syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace

void CloseUnasked(const AskedFor& asked) {
  Kept kept;
  for (size_t i = 0; i < asked.count; ++i) kept.Add(asked.numbers[i]);
  if (asked.makeflags != nullptr) AddJobserver(asked.makeflags, &kept);
  for (char* const* word = asked.command; word != nullptr && *word != nullptr; ++word) AddNamed(*word, &kept);
  unsigned next = 3;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] < next) continue;  // named twice
    CloseAtExec(next, kept[i] - 1);
    next = kept[i] + 1;
  }
  CloseAtExec(next, UINT_MAX);
}

}  // namespace glovebox::child
