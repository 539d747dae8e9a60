#include "trace/input_ruler.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace glovebox::trace {
namespace {

bool IsRead(const Intent& intent) {
  if (intent.op == Op::kExec) return true;
  return intent.op == Op::kOpen && (intent.flags & O_PATH) == 0 && (intent.flags & O_ACCMODE) != O_WRONLY &&
         (intent.flags & O_DIRECTORY) == 0;
}

}  // namespace

InputRuler::InputRuler(std::unique_ptr<ActionInputs> inputs, policy::Mode mode)
    : inputs_(std::move(inputs)), mode_(mode) {}

Ruling InputRuler::Rule(const RulerCall& call) {
  if (call.first == nullptr || call.unresolved) return {};
  const std::string& path = call.first->path;
  if (call.prediction.result == access::Result::kCreated) {
    made_.insert(call.second != nullptr ? call.second->path : path);
    return {};
  }
  if (!IsRead(call.intent) || call.prediction.result != access::Result::kThere || S_ISDIR(call.first->mode) ||
      made_.contains(path)) {
    return {};
  }
  switch (inputs_->Look(path)) {
    case ActionInputs::Kind::kNotOurs:
    case ActionInputs::Kind::kOrdered:
    case ActionInputs::Kind::kDeclared:
      return {};
    case ActionInputs::Kind::kUndeclared:
      if (const auto [read, is_new] = undeclared_.try_emplace(path); is_new) {
        access::Access& access = read->second;
        access.pid = access.tid = call.process.tgid;
        access.exe = call.process.exe;
        access.op = call.intent.op;
        access.syscall = call.intent.syscall;
        access.flags = call.intent.flags;
        access.path = call.intent.paths[0].spelled;
        access.resolved = path;
        access.result = access::Result::kThere;
      }
      return {};
    case ActionInputs::Kind::kUnordered:
      break;
  }
  return Unordered();
}

// The same of the object that is held: the name may have led to another one a moment ago.
Ruling InputRuler::Check(const RulerCall& call, FileTarget* target) {
  if (target->use != FileTarget::Use::kOpen || !target->there || !IsRead(call.intent) ||
      S_ISDIR(target->is.st_mode) || made_.contains(target->path) ||
      inputs_->Look(target->path) != ActionInputs::Kind::kUnordered) {
    return {};
  }
  return Unordered();
}

Ruling InputRuler::Unordered() const {
  Ruling ruling;
  ruling.rule = absl::StrCat("unordered-input: ", inputs_->Name(), " does not depend on it");
  ruling.kind = mode_ == policy::Mode::kEnforce ? Ruling::Kind::kRefuse : Ruling::Kind::kGoOn;
  ruling.error = mode_ == policy::Mode::kEnforce ? EACCES : 0;
  return ruling;
}

std::vector<access::Access> InputRuler::AtEnd() {
  std::vector<std::string> read;
  for (const auto& [path, access] : undeclared_) read.push_back(path);
  std::sort(read.begin(), read.end());
  std::vector<access::Access> missing;
  for (const std::string& path : inputs_->Missing(read)) {
    access::Access access = undeclared_[path];
    access.rule = absl::StrCat("undeclared-input: ", inputs_->Name(), " names it nowhere");
    missing.push_back(std::move(access));
  }
  return missing;
}

}  // namespace glovebox::trace
