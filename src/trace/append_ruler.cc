#include "trace/append_ruler.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/match.h"
#include "policy/logs.h"
#include "trace/inherited_logs.h"
#include "trace/open_flags.h"

namespace glovebox::trace {
namespace {

using Use = FileTarget::Use;

Ruling Say(const LogPattern* log) {
  Ruling ruling;
  if (log == nullptr) return ruling;
  ruling.kind = log->enforce() ? Ruling::Kind::kRefuse : Ruling::Kind::kGoOn;
  ruling.error = log->enforce() ? EPERM : 0;
  ruling.rule = log->rule();
  return ruling;
}

}  // namespace

AppendRuler::AppendRuler(const std::vector<const policy::Policy*>& chain, kernel::NotifyListener* listener,
                         FileMaker* maker)
    : logs_(chain), listener_(listener), maker_(maker) {
  enforce_ = std::any_of(chain.begin(), chain.end(),
                         [](const policy::Policy* policy) { return policy::HoldsLogs(*policy); });
}

Ruling AppendRuler::Rule(const RulerCall& call) {
  if (enforce_ && absl::EndsWith(call.intent.syscall, "open_by_handle_at")) {
    // No name and no descriptor that could be held: any file of the file system.
    Ruling ruling;
    ruling.kind = Ruling::Kind::kRefuse;
    ruling.error = EPERM;
    ruling.rule = "log-tamper: open_by_handle_at";
    return ruling;
  }
  if (enforce_ && !begun_ && call.intent.op == Op::kExec) return RuleFirstExec(call);
  return enforce_ ? Ruling() : Report(call);
}

// Before it nothing but the set-up has run in this action.
Ruling AppendRuler::RuleFirstExec(const RulerCall& call) {
  Ruling ruling;
  const absl::Status held = HoldInheritedLogs(&logs_, listener_, call.call.id, call.process.tgid);
  begun_ = held.ok();
  if (begun_) return ruling;
  ruling.kind = Ruling::Kind::kRefuse;
  ruling.error = EPERM;
  ruling.rule = absl::StrCat("log-tamper: ", held.message());
  return ruling;
}

// In mode report the call goes on, judged by what its names stand for now.
Ruling AppendRuler::Report(const RulerCall& call) {
  const Intent& intent = call.intent;
  const auto target_of = [](const Resolved& what, Use use) {
    FileTarget target;
    target.use = use;
    target.path = what.path;
    target.there = what.there;
    target.is.st_mode = what.mode;
    target.is.st_dev = what.dev;
    target.is.st_ino = what.ino;
    target.is.st_nlink = what.links;
    target.is.st_size = 1;  // not looked at: what O_TRUNC would take away
    return target;
  };
  if (intent.by_descriptor) {
    UniqueFd fd;
    FileTarget held;
    return maker_->HoldDescriptor(call, &fd, &held) == 0 ? Say(Against(call, &held)) : Ruling();
  }
  if (call.first == nullptr || call.unresolved) return {};
  FileTarget first = target_of(*call.first, Use::kChange);
  switch (intent.op) {
    case Op::kOpen:
      if (!call.first->there && !intent.creates) return {};
      first.use = call.first->there ? Use::kOpen : Use::kCreate;
      first.flags = intent.flags;
      break;
    case Op::kTruncate:
      first.use = Use::kTruncate;
      break;
    case Op::kRename:
    case Op::kUnlink:
    case Op::kRmdir:
      first.use = Use::kGoes;
      first.moves_dir = call.first->is_dir;
      break;
    case Op::kLink:
      first.use = Use::kLinked;
      break;
    case Op::kSymlink:
    case Op::kMknod:
      first.use = Use::kComes;
      break;
    case Op::kChmod:
    case Op::kChown:
    case Op::kUtimes:
    case Op::kSetXattr:
      break;
    default:
      return {};
  }
  const LogPattern* log = Against(call, &first);
  if (log == nullptr && call.second != nullptr && (intent.op == Op::kRename || intent.op == Op::kLink)) {
    FileTarget second = target_of(*call.second, Use::kComes);
    second.moves_from = first.path;
    second.moves_dir = call.first->is_dir && intent.op == Op::kRename;
    log = Against(call, &second);
  }
  return Say(log);
}

Ruling AppendRuler::Check(const RulerCall& call, FileTarget* target) { return Say(Against(call, target)); }

void AppendRuler::Created(const FileTarget& target, const struct stat& is) {
  if (logs_.ByName(target.path) != nullptr) logs_.Note(target.path, is);
}

// The log that has something against it, or null. An open of a log in mode enforce is narrowed.
const LogPattern* AppendRuler::Against(const RulerCall& call, FileTarget* target) {
  const struct stat* is = target->there ? &target->is : nullptr;
  const LogPattern* log = logs_.Find(target->path, is);
  switch (target->use) {
    case Use::kOpen:
    case Use::kCreate:
      return log == nullptr ? nullptr : AgainstOpen(target, *log);
    case Use::kTruncate:
    case Use::kLinked:
      return log;
    case Use::kSetFlags:
      return (target->flags & O_APPEND) != 0 || (target->opened & O_ACCMODE) == O_RDONLY ? nullptr : log;
    case Use::kReach:
      return nullptr;  // what is sent to a socket is added to nothing
    case Use::kChange:
      // touch(1): that somebody was there now can be said of a log.
      return call.intent.op == Op::kUtimes && call.intent.times != Intent::Times::kGiven ? nullptr : log;
    case Use::kGoes:
      if (log == nullptr && target->there && S_ISDIR(target->is.st_mode) && call.intent.op == Op::kRename)
        return logs_.Below(target->path, "");
      return log;
    case Use::kComes:
      break;
  }
  if (log != nullptr) return log;
  if (call.intent.op == Op::kMkdir) return nullptr;
  if (target->moves_dir) return logs_.Below(target->moves_from, target->path);
  // A file that has been open before, or a way to another place, in the place of a log.
  if (const LogPattern* named = logs_.ByName(target->path)) return named;
  return call.intent.op == Op::kSymlink ? logs_.Above(target->path) : nullptr;
}

const LogPattern* AppendRuler::AgainstOpen(FileTarget* target, const LogPattern& log) const {
  uint64_t& flags = target->flags;
  const bool truncates = (flags & kTruncateBit) != 0 && target->there && target->is.st_size > 0;
  const bool appends = (flags & O_APPEND) != 0;
  const uint64_t mode = flags & O_ACCMODE;
  if ((flags & kPathBit) != 0) return nullptr;
  if (truncates) return &log;
  if (mode == O_RDONLY) {
    flags &= ~kTruncateBit;  // of an empty file
    return nullptr;
  }
  if (mode != O_WRONLY && !appends) return &log;
  if (!log.enforce()) return appends ? nullptr : &log;
  // fopen("a+") among others: it can add, and what it reads fails with EBADF.
  flags = (flags & ~(kTruncateBit | O_ACCMODE)) | O_WRONLY | O_APPEND;
  return nullptr;
}

}  // namespace glovebox::trace
