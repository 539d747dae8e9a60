#include "trace/process_ruler.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "kernel/syscall_table.h"
#include "policy/process_calls.h"
#include "trace/intent_registers.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

using policy::ProcessUse;

// What the registers name. All of them must be refused for the call to be.
struct Targets {
  std::vector<pid_t> tasks;  // one each
  pid_t group = 0;           // or all members of this group; -1: everybody
};

bool HasCapability(const TaskFacts& facts, unsigned number) {
  // Ids of root stand for what it would have without us, who took its capabilities away.
  return facts.uid[1] == 0 || (facts.capabilities & (uint64_t{1} << number)) != 0;
}

// kill_ok_by_cred(), kernel/signal.c.
bool MaySignal(const TaskFacts& caller, const TaskFacts& target) {
  const auto is = [&target](uint32_t uid) { return uid == target.uid[0] || uid == target.uid[2]; };
  return is(caller.uid[1]) || is(caller.uid[0]) || HasCapability(caller, CAP_KILL);
}

// __ptrace_may_access(), kernel/ptrace.c. A process that may not be dumped shows as root's in /proc.
bool MayAccess(const TaskFacts& caller, const TaskFacts& target) {
  if (HasCapability(caller, CAP_SYS_PTRACE)) return true;
  const auto all = [](const std::array<uint32_t, 3>& ids, uint32_t id) {
    return std::all_of(ids.begin(), ids.end(), [id](uint32_t one) { return one == id; });
  };
  struct stat info;
  return all(target.uid, caller.uid[0]) && all(target.gid, caller.gid[0]) &&
         stat(absl::StrCat("/proc/", target.tgid).c_str(), &info) == 0 && info.st_uid == target.uid[1];
}

// The process behind a pidfd, or a descriptor of its directory in /proc, of the caller's; 0: none that lives.
pid_t BehindDescriptor(pid_t tid, int fd) {
  if (fd < 0) return 0;  // PIDFD_SELF, or none
  pid_t pid = 0;
  std::string link;
  if (ReadLink(absl::StrCat("/proc/", tid, "/fd/", fd), &link) != 0) return 0;
  absl::string_view name = link;
  if (absl::ConsumePrefix(&name, "/proc/")) return absl::SimpleAtoi(name, &pid) ? pid : 0;
  const auto info = ReadFile(absl::StrCat("/proc/", tid, "/fdinfo/", fd));
  if (!info.ok()) return 0;
  const auto words = StatusWords(*info, "\nPid:");
  return !words.empty() && absl::SimpleAtoi(words[0], &pid) && pid > 0 ? pid : 0;
}

bool IsSignal(uint64_t number) { return static_cast<uint32_t>(number) < static_cast<uint32_t>(NSIG); }

// By the order in which the kernel looks at the registers: what it refuses before it asks for a right names
// nobody.
Targets SignalTargets(absl::string_view name, const Registers& call) {
  constexpr uint64_t kThread = 1, kProcess = 2, kGroup = 4;  // PIDFD_SIGNAL_*, 6.9
  const auto first = static_cast<pid_t>(call.args[0]), second = static_cast<pid_t>(call.args[1]);
  Targets targets;
  if (name == "tgkill" || name == "rt_tgsigqueueinfo") {
    if (first <= 0 || second <= 0 || !IsSignal(call.args[2])) return {};
    if (ReadTgid(second) == first) targets.tasks = {second};
  } else if (!IsSignal(call.args[1])) {
    return {};
  } else if (name == "pidfd_send_signal") {
    const pid_t pid = BehindDescriptor(call.tid, first);
    const auto flags = static_cast<uint32_t>(call.args[3]);
    if (flags == kGroup) {
      targets.group = pid;
    } else if (pid > 0 && (flags == 0 || flags == kThread || flags == kProcess)) {
      targets.tasks = {pid};
    }
  } else if (first > 0) {
    targets.tasks = {first};
  } else if (name == "kill" && first < 0) {
    targets.group = first == -1 ? -1 : -first;
  }
  return targets;
}

Targets AccessTargets(absl::string_view name, const Registers& call) {
  const auto* args = call.args;
  const auto first = static_cast<pid_t>(args[0]), second = static_cast<pid_t>(args[1]);
  if (name == "ptrace") {
    const bool strange = args[0] == PTRACE_SEIZE && args[2] != 0;
    return policy::BeginsTracing(args[0]) && !strange ? Targets{{second}, 0} : Targets{};
  }
  if (name == "kcmp") return {{first, second}, 0};
  if (name == "pidfd_getfd") {
    const pid_t pid = static_cast<uint32_t>(args[2]) == 0 ? BehindDescriptor(call.tid, first) : 0;
    return pid > 0 ? Targets{{pid}, 0} : Targets{};
  }
  // Of nothing, or into nothing, nothing is copied and nobody asked.
  return args[2] != 0 && args[4] != 0 && args[5] == 0 ? Targets{{first}, 0} : Targets{};
}

// A file of a process: "/proc/7/fd/3" is 7, "fd/3"; "/proc/7/task/8/mem" is 8, "mem". None: 0.
struct ProcName {
  pid_t task = 0;
  absl::string_view rest;
};
ProcName SplitProcName(absl::string_view path) {
  ProcName name;
  if (!absl::ConsumePrefix(&path, "/proc/")) return {};
  for (int round = 0; round < 2; ++round) {
    const size_t slash = path.find('/');
    if (slash == absl::string_view::npos || !absl::SimpleAtoi(path.substr(0, slash), &name.task)) return {};
    path.remove_prefix(slash + 1);
    if (!absl::ConsumePrefix(&path, "task/")) break;
  }
  name.rest = path;
  return name;
}

// proc_fd_access_allowed(), proc_ns_get_link(): fs/proc/base.c, fs/proc/namespaces.c.
bool IsMagicLink(absl::string_view rest) {
  for (const char* link : {"exe", "cwd", "root"}) {
    if (rest == link) return true;
  }
  for (const char* directory : {"fd/", "ns/", "map_files/"}) {
    if (absl::StartsWith(rest, directory)) return true;
  }
  return false;
}

// proc_mem_open(), fs/proc/base.c. Who has CAP_PERFMON reads all but `mem` past every domain (6.13).
bool ShowsMemory(absl::string_view rest, const TaskFacts& caller) {
  if (rest == "mem") return true;
  constexpr uint64_t kPast = uint64_t{1} << CAP_PERFMON | uint64_t{1} << CAP_SYS_ADMIN;
  if ((caller.capabilities & kPast) != 0) return false;
  for (const char* file : {"environ", "auxv", "maps", "smaps", "smaps_rollup", "numa_maps", "pagemap"}) {
    if (rest == file) return true;
  }
  return false;
}

std::string Describe(pid_t tgid) {
  const std::string exe = ReadExe(tgid);
  return absl::StrCat("process ", tgid, exe.empty() ? "" : absl::StrCat(" (", exe, ")"));
}

class ProcessRuler final : public Ruler {
 public:
  ProcessRuler(const policy::Policy& policy, const Outside* outside) : policy_(policy), outside_(*outside) {}

  Ruling Rule(const RulerCall& call) override {
    if (!call.intent.by_process) return RuleFiles(call);
    const absl::string_view name = kernel::WithoutAbi(call.intent.syscall);
    const ProcessUse use = policy::ProcessUseOf(name);
    if (!policy::ForetellsProcesses(policy_, use)) return {};
    const bool signals = use == ProcessUse::kSignal;
    const Registers registers = ReadRegisters(call.call);
    // Go's runtime does this all the time: to itself.
    if (name == "tgkill" && static_cast<pid_t>(registers.args[0]) == call.process.tgid) return {};
    const Targets targets = signals ? SignalTargets(name, registers) : AccessTargets(name, registers);
    TaskFacts caller;
    if ((targets.tasks.empty() && targets.group == 0) || !ReadTaskFacts(registers.tid, &caller) ||
        caller.own_numbers)
      return {};
    const std::string whom = targets.group != 0 ? OutsideGroup(caller, targets.group)
                                                : OutsideTask(caller, targets.tasks, signals);
    if (whom.empty()) return {};
    Ruling ruling = Foretold(EPERM, signals);
    ruling.target = whom;
    return ruling;
  }

 private:
  static Ruling Foretold(int error, bool signals) {
    Ruling ruling;
    ruling.kind = Ruling::Kind::kGoOn;
    ruling.kernel_denies = true;
    ruling.error = error;
    ruling.rule =
        signals ? "forbidden-call: built in scope-signals" : "forbidden-call: built in Landlock domain";
    return ruling;
  }

  Ruling RuleFiles(const RulerCall& call) const {
    if (!policy::ForetellsProcesses(policy_, ProcessUse::kAccess)) return {};
    for (const Resolved* file : {call.first, call.second}) {
      if (file != nullptr && file->there && ShowsOutside(call, *file)) return Foretold(EACCES, false);
    }
    return {};
  }

  // Whether the way to it, or the call itself, asks for a right over a process outside.
  bool ShowsOutside(const RulerCall& call, const Resolved& file) const {
    if (file.magic_links.empty() && !absl::StartsWith(file.path, "/proc/")) return false;
    const Intent& intent = call.intent;
    TaskFacts caller;
    if (!ReadTaskFacts(static_cast<pid_t>(call.call.pid), &caller) || caller.own_numbers) return false;
    const auto outside = [&](pid_t task) { return !OutsideTask(caller, {task}, false).empty(); };
    for (const std::string& link : file.magic_links) {
      const ProcName name = SplitProcName(link);
      if (IsMagicLink(name.rest) && outside(name.task)) return true;
    }
    const ProcName name = SplitProcName(file.path);
    const bool opens = intent.op == Op::kOpen && (intent.flags & O_PATH) == 0;
    const bool asks =
        (opens && ShowsMemory(name.rest, caller)) || (intent.op == Op::kReadlink && IsMagicLink(name.rest));
    // A kernel thread, and who has ended, has no memory: that is no refusal.
    return name.task > 0 && asks && !ReadExe(name.task).empty() && outside(name.task);
  }

  // Whom of them the call is refused for; empty: nobody, for certain. All must be there (kcmp).
  std::string OutsideTask(const TaskFacts& caller, const std::vector<pid_t>& tasks, bool signals) const {
    std::optional<pid_t> refused;
    for (const pid_t task : tasks) {
      TaskFacts target;
      if (task <= 0 || !ReadTaskFacts(task, &target)) return "";
      if (refused.has_value() || target.tgid == caller.tgid) continue;
      const bool may = signals ? MaySignal(caller, target) : MayAccess(caller, target);
      if (may && outside_.Contains(target)) refused = target.tgid;
    }
    return refused.has_value() ? Describe(*refused) : "";
  }

  // ... where one that is reached is enough for the call to succeed.
  std::string OutsideGroup(const TaskFacts& caller, pid_t group) const {
    TaskFacts leader;
    if (getpgid(caller.tgid) == group) return "";
    // Mostly it is a group of the caller's own, and that is told by its leader.
    if (group > 0 && ReadTaskFacts(group, &leader) && !outside_.Contains(leader)) return "";
    bool refused = false;
    for (const pid_t pid : NumbersIn("/proc")) {
      if (group == -1 ? pid == 1 || pid == caller.tgid : getpgid(pid) != group) continue;
      TaskFacts target;
      if (!ReadTaskFacts(pid, &target)) return "";
      if (!MaySignal(caller, target)) continue;
      if (!outside_.Contains(target)) return "";
      refused = true;
    }
    if (!refused) return "";
    return group == -1 ? "every process" : absl::StrCat("process group ", group);
  }

  const policy::Policy& policy_;
  const Outside& outside_;
};

}  // namespace

std::unique_ptr<Ruler> MakeProcessRuler(const std::vector<const policy::Policy*>& chain,
                                        const Outside* outside) {
  const policy::Policy& outermost = *chain.back();
  const bool foretells = policy::ForetellsProcesses(outermost, ProcessUse::kSignal) ||
                         policy::ForetellsProcesses(outermost, ProcessUse::kAccess);
  if (outside == nullptr || !foretells) return nullptr;
  return std::make_unique<ProcessRuler>(outermost, outside);
}

}  // namespace glovebox::trace
