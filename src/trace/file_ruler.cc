#include "trace/file_ruler.h"

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "policy/file_rules.h"
#include "policy/landlock_rules.h"
#include "trace/interpreter.h"

namespace glovebox::trace {
namespace {

using access::Result;

policy::FileObject ObjectOf(const Resolved& what) { return {what.path, what.there, what.mode}; }

// It gets as far as the object: what speaks against it then is a rule.
bool Arrives(const Prediction& prediction) {
  return prediction.result == Result::kThere || prediction.result == Result::kCreated ||
         prediction.result == Result::kUnknown;
}

bool IsHidden(const policy::FileVerdict& verdict) { return absl::StartsWith(verdict.rule, "hidden:"); }

// Append-only paths are AppendRuler's, which is asked before: it knows what an honest program does to a log
// (touch, an append), and a log by its inode.
bool IsOfLogs(const policy::FileVerdict& verdict) {
  return !verdict.allowed && absl::StartsWith(verdict.rule, "log-tamper:");
}

class FileRuler final : public CheckingRuler {
 public:
  explicit FileRuler(Resolver* resolver) : resolver_(resolver) {}

  void Add(const policy::Policy& policy) {
    if (policy.mode == policy::Mode::kObserve) return;
    auto rules = policy::FileRules::Make(policy, policy::FindGrants(policy));
    if (!rules.ok() || rules->empty()) return;  // a bad pattern: CompilePlan() has refused the policy
    const bool enforces = policy.mode == policy::Mode::kEnforce;
    rules_.push_back(std::make_unique<policy::FileRules>(*std::move(rules)));
    (enforces ? enforced_ : reported_).push_back(rules_.back().get());
  }
  bool empty() const { return rules_.empty(); }

  Ruling Rule(const RulerCall& call) override {
    // Which file it means could not be told: the kernel knows, and a hole says so.
    if (call.first == nullptr || call.unresolved) return {};
    const policy::FileObject first = ObjectOf(*call.first);
    policy::FileObject second;
    policy::FileCall asked = {
        call.intent.op, call.intent.syscall, call.intent.flags, call.intent.creates, &first, nullptr};
    if (call.second != nullptr) {
      second = ObjectOf(*call.second);
      asked.second = &second;
    }
    // What a number stands for another thread can change: Check() is asked about what is held.
    Ruling ruling = call.intent.by_descriptor ? Ruling() : Enforce(call, asked);
    return ruling.kind != Ruling::Kind::kNone ? std::move(ruling) : Report(call, asked);
  }

  // What is hidden, attributes and who reaches a socket, which no Landlock domain knows: the rest of the
  // rules the maker's own domain holds.
  Ruling Check(const RulerCall& call, FileTarget* target) override {
    if (enforced_.empty()) return {};
    const bool changes = target->use == FileTarget::Use::kChange;
    const bool asked = changes || target->use == FileTarget::Use::kReach;
    // What was opened is the program's to read and write.
    if (call.intent.by_descriptor && !changes) return {};
    const policy::FileObject object = {target->path, target->there, target->is.st_mode};
    const policy::FileVerdict verdict = policy::JudgeFiles(
        enforced_, {asked ? call.intent.op : Op::kStat, call.intent.syscall, 0, false, &object, nullptr});
    if (verdict.allowed || IsOfLogs(verdict)) return {};
    Ruling ruling;
    ruling.kind = Ruling::Kind::kRefuse;
    // Of an open file nobody says that it is not there.
    ruling.error = call.intent.by_descriptor && verdict.error == ENOENT ? EACCES : verdict.error;
    ruling.rule = verdict.rule;
    return ruling;
  }

 private:
  using Chain = std::vector<const policy::FileRules*>;

  Ruling Enforce(const RulerCall& call, const policy::FileCall& asked) {
    if (enforced_.empty()) return {};
    const policy::FileVerdict verdict = policy::JudgeFiles(enforced_, asked);
    if (IsOfLogs(verdict)) return {};
    if (!verdict.allowed) return Refusal(call, verdict);
    if (!Arrives(call.prediction)) return {};
    // Allowed, and not by the kernel: an append-only file below no write path. A ruler before this one that
    // opens it for the caller has had its turn.
    if (!verdict.kernel_allows)
      return KernelDenies(EACCES, "log-tamper: nobody opened it for the program: no write path is around it");
    if (call.intent.op != Op::kExec) return {};
    const std::string rule = AgainstInterpreter(call, enforced_);
    return rule.empty() ? Ruling() : KernelDenies(EACCES, rule);
  }

  static Ruling Refusal(const RulerCall& call, const policy::FileVerdict& verdict) {
    const bool arrives =
        IsHidden(verdict) ? call.prediction.result != Result::kAbsent : Arrives(call.prediction);
    if (!arrives) return {};
    // Whether a mount is changed depends on more than names; Landlock refuses it in any case.
    if (absl::StartsWith(verdict.rule, "mount:")) return KernelDenies(verdict.error, verdict.rule);
    Ruling ruling;
    ruling.kind = Ruling::Kind::kRefuse;
    ruling.error = verdict.error;
    ruling.rule = verdict.rule;
    return ruling;
  }

  Ruling Report(const RulerCall& call, const policy::FileCall& asked) {
    if (reported_.empty() || !Arrives(call.prediction)) return {};
    policy::FileVerdict verdict = policy::JudgeFiles(reported_, asked);
    if (IsOfLogs(verdict)) return {};
    if (verdict.allowed && call.intent.op == Op::kExec) verdict.rule = AgainstInterpreter(call, reported_);
    if (verdict.rule.empty()) return {};
    Ruling ruling;
    ruling.kind = Ruling::Kind::kGoOn;
    ruling.rule = std::move(verdict.rule);
    return ruling;
  }

  static Ruling KernelDenies(int error, std::string rule) {
    Ruling ruling;
    ruling.kind = Ruling::Kind::kGoOn;
    ruling.kernel_denies = true;
    ruling.error = error;
    ruling.rule = std::move(rule);
    return ruling;
  }

  // The kernel opens a script's interpreter and an ELF program's loader to run them, within the same call.
  std::string AgainstInterpreter(const RulerCall& call, const Chain& chain) {
    std::vector<Resolved> met;
    const auto find = [&](const std::string& spelled) {
      PathRef path;
      path.spelled = spelled;
      Resolved found = resolver_->Resolve(static_cast<pid_t>(call.call.pid), call.process.tgid, path);
      met.push_back(found);
      return found;
    };
    CheckInterpreters(call.intent.paths[0].spelled, *call.first, OwnPermissions(), find);
    for (const Resolved& interpreter : met) {
      const policy::FileObject object = ObjectOf(interpreter);
      const policy::FileVerdict verdict =
          policy::JudgeFiles(chain, {Op::kExec, call.intent.syscall, 0, false, &object, nullptr});
      if (!verdict.allowed) return absl::StrCat(verdict.rule, " (its interpreter ", interpreter.path, ")");
    }
    return "";
  }

  Resolver* const resolver_;
  std::vector<std::unique_ptr<policy::FileRules>> rules_;
  Chain enforced_, reported_;  // innermost first
};

}  // namespace

std::unique_ptr<CheckingRuler> MakeFileRuler(const std::vector<const policy::Policy*>& chain,
                                             const RulerContext& context) {
  auto ruler = std::make_unique<FileRuler>(context.resolver);
  for (const policy::Policy* policy : chain) ruler->Add(*policy);
  if (ruler->empty()) return nullptr;
  return ruler;
}

}  // namespace glovebox::trace
