#include "ninja_process.h"

#include <elf.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::ninja {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int kForwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
// How long a signal that was sent by a process may take to end Ninja by itself. `kill -INT -GROUP` and
// `timeout` reach both of us, and a second one, pending when Ninja restores its handlers, would kill it where
// it means to exit with 2.
constexpr int64_t kGroupGraceNs = 900'000'000;
// Ninja that is still ending its edges then is looked at this often, and for this long at most.
constexpr int64_t kLookEveryNs = 50'000'000;
constexpr int kLooks = 600;

bool IsProgram(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

bool IsOurselves(const std::string& path) {
  struct stat us, other;
  return stat("/proc/self/exe", &us) == 0 && stat(path.c_str(), &other) == 0 && us.st_dev == other.st_dev &&
         us.st_ino == other.st_ino;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// argv[0] is the name alone, as a shell hands it on from PATH: getopt puts it before its messages
// ("ninja: unrecognized option ...").
std::vector<std::string> WithName(const std::string& path, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {std::string(Basename(path))};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

template <typename T>
bool Take(absl::string_view bytes, size_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof out) return false;
  memcpy(&out, bytes.data() + offset, sizeof out);
  return true;
}

template <typename Header, typename Segment>
bool HasInterpreter(absl::string_view bytes) {
  Header header;
  if (!Take(bytes, 0, header)) return true;  // damaged: the kernel will say so
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Segment segment;
    if (!Take(bytes, header.e_phoff + i * sizeof segment, segment)) return true;
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * kNsPerSecond + now.tv_nsec;
}

// True when the child has ended; its wait status is taken then.
bool Reaped(pid_t pid, int& status) {
  pid_t got;
  while ((got = waitpid(pid, &status, WNOHANG)) < 0 && errno == EINTR) continue;
  return got == pid;
}

// True when the child has ended within that time. Other children end as well (we are the subreaper of the
// edges' orphans), and each of them says SIGCHLD.
bool EndsWithin(pid_t pid, int64_t nanoseconds, int& status) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const int64_t deadline = MonotonicNs() + nanoseconds;
  while (!Reaped(pid, status)) {
    const int64_t left = deadline - MonotonicNs();
    if (left <= 0) return false;
    const timespec wait = {left / kNsPerSecond, left % kNsPerSecond};
    sigtimedwait(&child, nullptr, &wait);
  }
  return true;
}

// How a process stands to one signal: proc(5), status.
struct SignalState {
  bool pending = false, blocked = false, caught = false;
};

SignalState StateOf(pid_t pid, int signal) {
  SignalState state;
  const absl::StatusOr<std::string> text = ReadFile(absl::StrCat("/proc/", pid, "/status"));
  if (!text.ok()) return state;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    bool* const flag = absl::ConsumePrefix(&line, "SigPnd:") || absl::ConsumePrefix(&line, "ShdPnd:")
                           ? &state.pending
                       : absl::ConsumePrefix(&line, "SigBlk:") ? &state.blocked
                       : absl::ConsumePrefix(&line, "SigCgt:") ? &state.caught
                                                               : nullptr;
    uint64_t set = 0;
    if (flag != nullptr && absl::SimpleHexAtoi(absl::StripAsciiWhitespace(line), &set)) {
      *flag = *flag || (set >> (signal - 1) & 1) != 0;
    }
  }
  return state;
}

// Hands on a signal that a process has sent to us, unless Ninja has it already: from its first signal on
// Ninja waits for the edges that it has ended, with its signals blocked, and restores the old handlers and
// mask just before it exits. Outside of its wait for edges the signals are blocked as well, and then one more
// changes nothing for as long as it takes. True when Ninja has ended.
bool HandOn(pid_t pid, int signal, int& status) {
  if (EndsWithin(pid, kGroupGraceNs, status)) return true;
  bool caught = false;
  for (int look = 0; look < kLooks; ++look) {
    const SignalState state = StateOf(pid, signal);
    if (state.pending || (caught && !state.caught)) return false;  // it has it; or it is at its exit
    if (!state.blocked) break;
    caught = state.caught;
    if (EndsWithin(pid, kLookEveryNs, status)) return true;
  }
  kill(pid, signal);
  return false;
}

}  // namespace

absl::StatusOr<std::string> FindNinja() {
  const char* named = getenv("GLOVEBOX_NINJA");
  if (named != nullptr && named[0] != '\0') {
    if (!IsProgram(named)) return absl::NotFoundError(absl::StrCat("GLOVEBOX_NINJA=", named, ": no program"));
    if (IsOurselves(named)) {
      return absl::InvalidArgumentError(absl::StrCat("GLOVEBOX_NINJA=", named, " is glovebox-ninja itself"));
    }
    return std::string(named);
  }
  const char* path = getenv("PATH");
  for (const char* name : {"ninja", "ninja-build"}) {
    for (const absl::string_view directory : absl::StrSplit(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
      const std::string candidate = JoinPath(directory.empty() ? "." : directory, name);
      if (IsProgram(candidate) && !IsOurselves(candidate)) return candidate;
    }
  }
  return absl::NotFoundError(
      "there is no ninja on PATH: install ninja-build, or set GLOVEBOX_NINJA=/path/to/ninja");
}

bool CanBePreloaded(absl::string_view bytes) {
  if (!absl::StartsWith(bytes, ELFMAG) || bytes.size() <= EI_CLASS) return true;
  return bytes[EI_CLASS] == ELFCLASS64 ? HasInterpreter<Elf64_Ehdr, Elf64_Phdr>(bytes)
                                       : HasInterpreter<Elf32_Ehdr, Elf32_Phdr>(bytes);
}

std::vector<std::string> NinjaEnvironment(const std::vector<std::string>& environment,
                                          const std::string& library, const std::string& launcher,
                                          const std::string& collector) {
  std::vector<std::string> result;
  std::string preload = library;
  for (const std::string& entry : environment) {
    absl::string_view value = entry;
    if (absl::ConsumePrefix(&value, "LD_PRELOAD=")) {
      if (!value.empty()) absl::StrAppend(&preload, preload.empty() ? "" : ":", value);
    } else if (!absl::StartsWith(entry, "GLOVEBOX_LAUNCH=") &&
               !absl::StartsWith(entry, "GLOVEBOX_COLLECTOR=")) {
      result.push_back(entry);
    }
  }
  if (!preload.empty()) result.push_back(absl::StrCat("LD_PRELOAD=", preload));
  result.push_back(absl::StrCat("GLOVEBOX_LAUNCH=", launcher));
  if (!collector.empty()) result.push_back(absl::StrCat("GLOVEBOX_COLLECTOR=", collector));
  return result;
}

sigset_t HoldSignals() {
  sigset_t held, old;
  sigemptyset(&held);
  sigaddset(&held, SIGCHLD);
  for (const int signal : kForwarded) sigaddset(&held, signal);
  pthread_sigmask(SIG_BLOCK, &held, &old);
  return old;
}

absl::StatusOr<int> RunNinja(const std::string& path, const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment, const sigset_t& mask) {
  const std::vector<std::string> argv = WithName(path, arguments);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  const absl::Cleanup destroy = [&attributes] { posix_spawnattr_destroy(&attributes); };
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, &mask);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, path.c_str(), nullptr, &attributes, Pointers(argv).data(),
                                Pointers(environment).data());
  if (error != 0) return ErrnoStatus("run", path, error);

  sigset_t watched;
  pthread_sigmask(SIG_SETMASK, nullptr, &watched);  // what HoldSignals has blocked, and what was before
  int status = 0;
  while (!Reaped(pid, status)) {
    siginfo_t info;
    const int signal = sigwaitinfo(&watched, &info);
    if (signal < 0 || signal == SIGCHLD || info.si_code == SI_KERNEL)
      continue;  // the terminal told Ninja too
    if (HandOn(pid, signal, status)) break;
  }
  return status;
}

int ExecNinja(const std::string& path, const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) {
  const std::vector<std::string> argv = WithName(path, arguments);
  execve(path.c_str(), Pointers(argv).data(), Pointers(environment).data());
  return errno;
}

void EndLike(int wait_status) {
  if (!WIFSIGNALED(wait_status)) _exit(WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  const struct rlimit no_core = {0, 0};  // the core that is wanted is Ninja's, not ours
  setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  kill(getpid(), signal);
  _exit(128 + signal);
}

}  // namespace glovebox::ninja
