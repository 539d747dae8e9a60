#include "trace/handshake.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"
#include "child/connect.h"
#include "child/steps.h"
#include "kernel/landlock.h"
#include "kernel/process.h"
#include "trace/clock.h"
#include "trace/left_over.h"
#include "trace/pidfd_info.h"

namespace glovebox::trace {
namespace {

// More than the pipeline has rows.
constexpr size_t kMaxFailures = 64;
constexpr size_t kMaxLeftOver = 256;

// False at the end of the stream, or on an error, before `size` bytes came.
bool ReadFully(int fd, void* buffer, size_t size) {
  char* at = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t count = read(fd, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

// The rest of a StepFailure whose magic was read already.
bool ReadFailure(int channel, child::StepFailure* failure) {
  char* bytes = reinterpret_cast<char*>(failure);
  return ReadFully(channel, bytes + sizeof failure->magic, sizeof *failure - sizeof failure->magic);
}

// What has come already, whole or not at all.
bool TakeNow(int channel, void* bytes, size_t size) {
  ssize_t count;
  do {
    count = recv(channel, bytes, size, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(size);
}

std::string StepText(const child::StepFailure& failure, absl::string_view program) {
  const auto code = static_cast<child::StepCode>(failure.step);
  const child::StepMessage& message = child::MessageOf(code);
  std::string text = absl::StrCat(message.name, ": ", message.message);
  if (const char* which = child::DetailName(code, failure.detail)) absl::StrAppend(&text, " ", which);
  // A program can be called anything, also what would read like one more skipped step.
  const bool names = code == child::StepCode::kExec && !program.empty();
  if (names && !absl::StrContains(program, access::kSkippedMark)) {
    absl::StrAppend(&text, " ", program.substr(0, PATH_MAX));
  }
  return text;
}

}  // namespace

const child::StepFailure* SetupReport::failed() const {
  for (const child::StepFailure& failure : failures) {
    if (failure.kind == child::FailureKind::kFailed) return &failure;
  }
  return nullptr;
}

std::string FailureLine(const child::StepFailure& failure, const char* program) {
  char text[512];  // as long as the child's own
  const size_t size = child::FormatFailure(static_cast<child::StepCode>(failure.step), failure.error,
                                           failure.detail, program, text, sizeof text);
  return std::string(absl::StripPrefix(absl::StripSuffix(absl::string_view(text, size), "\n"), "glovebox: "));
}

absl::string_view ProgramOf(const access::ActionBegin& begin) {
  return begin.argv.empty() ? absl::string_view() : absl::string_view(begin.argv[0]);
}

// "Argument list too long" would say nothing to anybody.
std::string WhySkipped(const child::StepFailure& skipped, int landlock_abi) {
  const bool landlock = skipped.step == static_cast<uint32_t>(child::StepCode::kLandlockScope);
  if (!landlock || skipped.error != E2BIG) return ErrnoName(skipped.error);
  if (landlock_abi >= kernel::kLandlockAbiScope) return "E2BIG, 16 Landlock layers stand above already";
  return absl::StrCat("E2BIG, a Landlock scope needs ABI ", kernel::kLandlockAbiScope,
                      " (Linux 6.12), this host has ", landlock_abi);
}

absl::StatusOr<UniqueFd> TakeListener(int channel, int pidfd, HandOver how, SetupReport* report) {
  for (;;) {
    uint32_t head = 0;
    int fd = -1;
    const int error = child::ReceiveWithDescriptors(channel, &head, sizeof head, &fd, 1);
    UniqueFd passed(fd);
    if (error != 0) return absl::UnavailableError("the child ended during its set-up");
    if (head == child::kFailureMagic) {  // no descriptor has such a number
      child::StepFailure failure;
      if (!ReadFailure(channel, &failure)) return absl::UnavailableError("the child ended during its set-up");
      if (report->failures.size() >= kMaxFailures)
        return absl::InternalError("the child reports without end");
      report->failures.push_back(failure);
      continue;
    }
    if (how == HandOver::kMessage) {
      if (!passed.valid()) return absl::InternalError("the helper task sent no listener");
      return passed;
    }
    return kernel::FetchFd(pidfd, static_cast<int>(head));
  }
}

absl::Status Acknowledge(int channel) {
  const uint8_t taken = child::kListenerTaken;
  for (;;) {
    ssize_t count = send(channel, &taken, 1, MSG_NOSIGNAL);
    if (count < 0 && errno == ENOTSOCK) count = write(channel, &taken, 1);
    if (count == 1) return absl::OkStatus();
    if (count < 0 && errno != EINTR) return ErrnoStatus("write", "acknowledgement", errno);
  }
}

void DrainReport(int channel, SetupReport* report) {
  // Whole messages only, and never a wait: whoever holds the other end may be no launcher of ours.
  child::StepFailure failure;
  while (report->failures.size() < kMaxFailures && report->left_over.size() < kMaxLeftOver) {
    if (!TakeNow(channel, &failure, sizeof failure)) return;
    if (failure.magic == child::kFailureMagic) {
      report->failures.push_back(failure);
      continue;
    }
    child::LeftOverNote left;
    std::memcpy(static_cast<void*>(&left), &failure, sizeof left);
    if (left.magic != child::kLeftOverMagic || left.name_size > child::kMaxLeftOverName) return;
    std::string name(left.name_size, '\0');
    if (!TakeNow(channel, name.data(), name.size())) return;
    report->left_over.push_back(absl::StrCat(left.pid, " ", name));
  }
}

bool FillSetup(const SetupReport& report, absl::string_view program, access::ActionEnd* end) {
  const child::StepFailure* failure = report.failed();
  if (failure != nullptr) {
    end->kind = access::ActionEnd::Kind::kSandboxFailed;
    end->status = failure->error;
    end->step = absl::StrCat(StepText(*failure, program), ": ", ErrnoName(failure->error));
  }
  for (const child::StepFailure& skipped : report.failures) {
    if (skipped.kind != child::FailureKind::kSkipped) continue;
    absl::StrAppend(&end->step, access::kSkippedMark, StepText(skipped, program), ": ",
                    WhySkipped(skipped, kernel::LandlockAbi()));
  }
  for (const std::string& process : report.left_over) AddLeftOver(&end->left_over, process);
  return failure != nullptr;
}

void AddUnheld(const std::vector<std::string>& unheld, access::ActionEnd* end) {
  for (const std::string& what : unheld) absl::StrAppend(&end->step, access::kSkippedMark, what);
}

access::ActionEnd EndOf(const access::ActionBegin& begin, const Peer& peer, int connection, int reap_ms) {
  access::ActionEnd end;
  end.action = begin.action;
  end.time_ns = Now();
  SetupReport report;
  DrainReport(connection, &report);
  int status = 0;
  if (!FillSetup(report, ProgramOf(begin), &end) &&
      WaitForEndOf(peer.pid, peer.pidfd.get(), reap_ms, &status)) {
    end.kind = WIFSIGNALED(status) ? access::ActionEnd::Kind::kSignaled : access::ActionEnd::Kind::kExited;
    end.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  }
  return end;
}

access::ActionEnd EndOfInner(const EndedAction& ended, absl::string_view program, int socket) {
  access::ActionEnd end;
  end.action = ended.action;
  end.time_ns = Now();
  end.kind = ended.kind;
  end.status = ended.status;
  end.cpu_ns = ended.cpu_ns;
  end.left_over = ended.left_over;
  SetupReport report;
  if (socket >= 0) DrainReport(socket, &report);
  FillSetup(report, program, &end);
  return end;
}

}  // namespace glovebox::trace
