#include "trace/verdict.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/op.h"
#include "base/paths.h"
#include "child/wire.h"

namespace glovebox::trace {
namespace {

// Of all lines together: what a socket takes without somebody who reads.
constexpr size_t kMaxText = 60000;

bool IsRefused(const access::Access& access) {
  return !access.rule.empty() &&
         (access.decision == access::Decision::kDenied || access.decision == access::Decision::kKernelDenied);
}

// Known only when the action had ended, and so not refused: it fails all the same (input_ruler.h).
bool IsLate(const access::Access& access) { return absl::StartsWith(access.rule, "undeclared-input:"); }

const char* Purpose(const access::Access& access) {
  if (access.op != Op::kOpen) return "";
  return (access.flags & O_ACCMODE) == O_RDONLY ? " for reading" : " for writing";
}

std::string LineOf(const access::Access& access, const std::string& path) {
  const bool call = access.op == Op::kForbidden && path.empty();
  std::string line = absl::StrCat(
      IsLate(access) ? "against the policy: " : "refused: ", call ? access.syscall : OpName(access.op),
      call ? "" : " ", EscapeBytes(path));
  if (call && access.path2 != access.syscall) {
    absl::StrAppend(&line, " of ", EscapeBytes(access.path2));
  } else if (!call && !access.path2.empty()) {
    absl::StrAppend(&line, " to ", EscapeBytes(access.resolved2.empty() ? access.path2 : access.resolved2));
  }
  absl::StrAppend(&line, Purpose(access), ": ", EscapeBytes(access.rule));
  if (!access.exe.empty()) absl::StrAppend(&line, "; by ", EscapeBytes(Basename(access.exe)));
  return line;
}

}  // namespace

void Refusals::Add(const access::Access& access, bool enforces) {
  if (!IsRefused(access) && !(enforces && IsLate(access))) return;
  fails_ = fails_ || enforces;
  const std::string& path = access.resolved.empty() ? access.path : access.resolved;
  // Of a forbidden call the path is empty: its name, and whom it names, stand for it.
  const bool call = access.op == Op::kForbidden && path.empty();
  const std::string what = call ? absl::StrCat(access.syscall, " ", access.path2) : path;
  if (!seen_.insert({access.rule, what}).second) return;
  if (lines_.size() < kMaxLines) lines_.push_back(LineOf(access, path));
}

void Refusals::Note(const std::string& line) {
  const std::string escaped = EscapeBytes(line);
  const bool known = std::find(notes_.begin(), notes_.end(), escaped) != notes_.end();
  if (!line.empty() && !known && notes_.size() < kMaxLines) notes_.push_back(escaped);
}

VerdictText VerdictOf(const Refusals& refusals, const access::ActionEnd& end) {
  VerdictText verdict;
  verdict.fails = refusals.fails() || !end.limit.empty();
  for (const std::string& line : refusals.lines()) absl::StrAppend(&verdict.text, "glovebox: ", line, "\n");
  if (refusals.more() > 0) {
    absl::StrAppend(&verdict.text, "glovebox: refused: ", refusals.more(),
                    " more: glovebox report names them\n");
  }
  for (const std::string& line : refusals.notes())
    absl::StrAppend(&verdict.text, "glovebox: note: ", line, "\n");
  if (!end.limit.empty()) {
    absl::StrAppend(&verdict.text, "glovebox: ended by its limit: ", EscapeBytes(end.limit), "\n");
  }
  if (verdict.text.size() > kMaxText) {
    verdict.text.resize(kMaxText);
    verdict.text.back() = '\n';
  }
  return verdict;
}

void SendVerdict(int socket, const Refusals& refusals, const access::ActionEnd& end, uint64_t accesses) {
  const VerdictText said = VerdictOf(refusals, end);
  child::Verdict verdict;
  verdict.flags = said.fails ? child::kVerdictFails : 0u;
  verdict.text_size = static_cast<uint32_t>(said.text.size());
  verdict.accesses = accesses;
  const std::string bytes =
      absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&verdict), sizeof verdict), said.text);
  ssize_t sent;
  do {
    sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
}

}  // namespace glovebox::trace
