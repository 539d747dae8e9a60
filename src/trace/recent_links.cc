#include "trace/recent_links.h"

#include <cerrno>

namespace glovebox::trace {
namespace {

bool IsQuestion(const Intent& intent) {
  return intent.op == Op::kReadlink && intent.refuse == 0 && intent.hole.empty() &&
         intent.paths.size() == 1 && !intent.paths[0].spelled.empty() && intent.paths[0].spelled[0] == '/';
}

// A directory or file answers EINVAL: there, and no link.
bool WasThere(const access::Access& access) {
  return access.result == access::Result::kThere ||
         (access.result == access::Result::kFailed && access.error == EINVAL);
}

}  // namespace

bool MayChangeNames(Op op) {
  switch (op) {
    case Op::kRename:
    case Op::kLink:
    case Op::kSymlink:
    case Op::kUnlink:
    case Op::kRmdir:
    case Op::kMkdir:
    case Op::kMknod:
    case Op::kChmod:
    case Op::kChown:
    case Op::kSetXattr:  // an ACL
    case Op::kMount:
    case Op::kUmount:
    case Op::kChroot:
    case Op::kFileHandle:
    case Op::kAdmin:
      return true;
    default:
      return false;
  }
}

bool RecentLinks::Repeats(const Process& process, const Intent& intent, uint64_t now_ns) const {
  return IsQuestion(intent) && Repeats(process, intent.paths[0].spelled, now_ns);
}

bool RecentLinks::Repeats(const Process& process, absl::string_view path, uint64_t now_ns) const {
  const auto program = programs_.find(process.tgid);
  if (program == programs_.end() || program->second.action != process.action ||
      program->second.exe_number != process.exe_number) {
    return false;
  }
  const auto recorded = program->second.recorded_ns.find(path);
  return recorded != program->second.recorded_ns.end() && now_ns - recorded->second < kMaxAgeNs;
}

void RecentLinks::Note(const Process& process, const Intent& intent, const access::Access& access,
                       bool of_the_task, uint64_t now_ns) {
  if (MayChangeNames(intent.op)) {
    programs_.clear();
    settled_ns_ = now_ns + kSettleNs;
  }
  if (of_the_task || now_ns < settled_ns_ || !IsQuestion(intent) || !WasThere(access)) return;
  if (programs_.size() >= kMaxProcesses) programs_.clear();
  Program& program = programs_[process.tgid];
  if (program.action != process.action || program.exe_number != process.exe_number ||
      program.recorded_ns.size() >= kMaxPaths) {
    program = {process.exe_number, process.action, {}};
  }
  program.recorded_ns[intent.paths[0].spelled] = now_ns;
}

}  // namespace glovebox::trace
