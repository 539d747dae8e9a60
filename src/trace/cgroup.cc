#include "trace/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "kernel/process.h"
#include "trace/proc_task.h"

namespace glovebox::trace {
namespace {

// "glovebox-NAMESPACE-PID-START-NUMBER": the owner, so that a later one can tell whether it lives. Of another
// pid namespace nobody can: those are left alone.
constexpr absl::string_view kPrefix = "glovebox-";
constexpr int kRemoveMs = 500;

bool Has(absl::string_view list, char separator, absl::string_view word) {
  const std::vector<absl::string_view> words = absl::StrSplit(list, separator);
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The rest of the line that begins with `key`, in a file of "key number" lines; or the file's only number.
uint64_t NumberOf(const std::string& path, absl::string_view key = "") {
  const auto text = ReadFile(path);
  if (!text.ok()) return 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!key.empty() && !absl::ConsumePrefix(&line, absl::StrCat(key, " "))) continue;
    uint64_t number = 0;
    if (absl::SimpleAtoi(absl::StripAsciiWhitespace(line), &number)) return number;
  }
  return 0;
}

bool Put(const std::string& path, absl::string_view text) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

uint64_t PidNamespace() {
  struct stat st;
  return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

bool IsDelegated(const std::string& directory) {
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    char value = 0;
    if (getxattr(directory.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

bool MayManage(const GroupPlace& place) {
  const std::string directory = place.directory();
  if (access(directory.c_str(), W_OK) != 0 || access((directory + "/cgroup.procs").c_str(), W_OK) != 0) {
    return false;
  }
  return place.path == "/" || geteuid() != 0 || IsDelegated(directory);
}

std::vector<pid_t> MembersOf(const std::string& directory) {
  std::vector<pid_t> members;
  const auto text = ReadFile(directory + "/cgroup.procs");
  if (!text.ok()) return members;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(line, &pid) && pid > 0) members.push_back(pid);
  }
  return members;
}

// With the pidfd in hand it is asked again who is in the group: the number may be another's by now.
size_t KillMembers(const std::string& directory) {
  std::vector<std::pair<pid_t, UniqueFd>> held;
  for (const pid_t pid : MembersOf(directory)) {
    auto pidfd = kernel::OpenPidfd(pid);
    if (pidfd.ok()) held.emplace_back(pid, *std::move(pidfd));
  }
  const std::vector<pid_t> members = MembersOf(directory);
  const std::set<pid_t> still(members.begin(), members.end());
  for (const auto& [pid, pidfd] : held) {
    if (still.count(pid) != 0) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  }
  return still.size();
}

// Ends what is in a group, as often as it takes, and removes it. False where something does not die.
bool EndAndRemove(const std::string& directory) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kRemoveMs);
  for (;;) {
    if (rmdir(directory.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY || std::chrono::steady_clock::now() > until) return false;
    Put(directory + "/pids.max", "0");
    if (!Put(directory + "/cgroup.kill", "1")) KillMembers(directory);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

struct MountLine {
  std::string root, point, type, options;
};

// mountinfo(5): ID PARENT DEV ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER_OPTIONS
bool ParseMount(absl::string_view line, MountLine* mount) {
  const size_t dash = line.find(" - ");
  if (dash == absl::string_view::npos) return false;
  const std::vector<std::string> left = absl::StrSplit(line.substr(0, dash), ' ');
  const std::vector<std::string> right = absl::StrSplit(line.substr(dash + 3), ' ');
  if (left.size() < 6 || right.size() < 3) return false;
  *mount = {left[3], left[4], right[0], right[2]};
  return mount->type == "cgroup" || mount->type == "cgroup2";
}

// The group as this mount shows it: a container's mount begins at its own group. False where it does not.
bool Place(const MountLine& mount, absl::string_view path, GroupPlace* place) {
  absl::string_view below = path;
  if (mount.root != "/") {
    if (!absl::ConsumePrefix(&below, mount.root) || (!below.empty() && below[0] != '/')) return false;
  }
  if (absl::StrContains(path, "/..")) return false;  // outside of our cgroup namespace
  place->version = mount.type == "cgroup2" ? 2 : 1;
  place->mount = mount.point;
  place->path = below.empty() ? "/" : std::string(below);
  return true;
}

}  // namespace

GroupPlaces ParseGroupPlaces(absl::string_view self_cgroup, absl::string_view mountinfo) {
  GroupPlaces places;
  std::vector<MountLine> mounts;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    MountLine mount;
    if (ParseMount(line, &mount)) mounts.push_back(std::move(mount));
  }
  GroupPlace unified;
  for (const absl::string_view line : absl::StrSplit(self_cgroup, '\n')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    for (const MountLine& mount : mounts) {
      if (parts[0] == "0" && mount.type == "cgroup2") Place(mount, parts[2], &unified);
      if (mount.type != "cgroup") continue;
      for (const auto& [name, place] :
           {std::pair{"memory", &places.memory}, std::pair{"pids", &places.processes}}) {
        if (Has(parts[1], ',', name) && Has(mount.options, ',', name)) Place(mount, parts[2], place);
      }
    }
  }
  if (places.memory.version == 0) places.memory = unified;
  if (places.processes.version == 0) places.processes = unified;
  return places;
}

GroupPlaces OwnPlaces() {
  const auto groups = ReadFile("/proc/self/cgroup");
  const auto mounts = ReadFile("/proc/self/mountinfo");
  if (!groups.ok() || !mounts.ok()) return {};
  return ParseGroupPlaces(*groups, *mounts);
}

GroupPlaces UsablePlaces(const GroupPlaces& own) {
  GroupPlaces usable;
  for (const auto& [from, to, controller] :
       {std::tuple{&own.memory, &usable.memory, "memory"}, {&own.processes, &usable.processes, "pids"}}) {
    GroupPlace place = *from;
    if (place.version == 0) continue;
    if (place.version == 2) {
      if (place.path != "/") place.path = std::string(Dirname(place.path));
      const auto enabled = ReadFile(place.directory() + "/cgroup.subtree_control");
      if (!enabled.ok() || !Has(absl::StripAsciiWhitespace(*enabled), ' ', controller)) continue;
    }
    if (MayManage(place)) *to = std::move(place);
  }
  return usable;
}

size_t RemoveStaleGroups(const std::string& directory) {
  size_t removed = 0;
  DIR* const names = opendir(directory.c_str());
  if (names == nullptr) return 0;
  std::vector<std::string> groups;
  while (const dirent* entry = readdir(names)) {
    if (absl::StartsWith(entry->d_name, kPrefix)) groups.emplace_back(entry->d_name);
  }
  closedir(names);
  const uint64_t own = PidNamespace();
  for (const std::string& group : groups) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(absl::string_view(group).substr(kPrefix.size()), '-');
    uint64_t space = 0;
    uint64_t start = 0;
    pid_t pid = 0;
    if (words.size() != 4 || !absl::SimpleAtoi(words[0], &space) || !absl::SimpleAtoi(words[1], &pid) ||
        !absl::SimpleAtoi(words[2], &start) || space != own) {
      continue;
    }
    ProcStat stat;
    const bool lives = ReadProcStat(pid, &stat) && stat.start == start && !IsGone(stat);
    if (!lives) removed += EndAndRemove(absl::StrCat(directory, "/", group)) ? 1 : 0;
  }
  return removed;
}

bool ActionGroup::Add(const GroupPlace& place, Hierarchy** made) {
  static std::atomic<uint64_t> number{0};
  ProcStat self;
  if (place.version == 0 || !ReadProcStat(getpid(), &self)) return false;
  const std::string parent = place.directory();
  for (const auto& there : hierarchies_) {
    if (Dirname(there->directory) != parent) continue;
    *made = there.get();
    return true;
  }
  RemoveStaleGroups(parent);
  auto one = std::make_unique<Hierarchy>();
  one->version = place.version;
  one->directory =
      absl::StrCat(parent, "/", kPrefix, PidNamespace(), "-", getpid(), "-", self.start, "-", ++number);
  if (mkdir(one->directory.c_str(), 0755) != 0) return false;
  one->entrance.reset(open((one->directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  *made = one.get();
  hierarchies_.push_back(std::move(one));
  return (*made)->entrance.valid();
}

std::unique_ptr<ActionGroup> ActionGroup::Make(const GroupPlaces& places, const policy::Budget& budget) {
  std::unique_ptr<ActionGroup> group(new ActionGroup);
  Hierarchy* made = nullptr;
  if (budget.processes.has_value() && group->Add(places.processes, &made) &&
      Put(made->directory + "/pids.max", absl::StrCat(*budget.processes))) {
    group->processes_ = made;
  }
  if (budget.memory_bytes.has_value() && group->Add(places.memory, &made)) {
    const bool v2 = made->version == 2;
    if (Put(made->directory + (v2 ? "/memory.max" : "/memory.limit_in_bytes"),
            absl::StrCat(*budget.memory_bytes))) {
      group->memory_ = made;
      // What is swapped out is memory all the same. Missing where the host counts no swap.
      Put(made->directory + (v2 ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"),
          v2 ? "0" : absl::StrCat(*budget.memory_bytes));
      if (v2) Put(made->directory + "/memory.oom.group", "1");
    }
  }
  if (group->memory_ == nullptr && group->processes_ == nullptr) return nullptr;
  return group;
}

ActionGroup::~ActionGroup() {
  for (const auto& one : hierarchies_) {
    one->entrance.reset();
    EndAndRemove(one->directory);
  }
}

bool ActionGroup::Take(pid_t pid) {
  const std::string text = absl::StrCat(pid);
  for (const auto& one : hierarchies_) {
    if (write(one->entrance.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return false;
  }
  return true;
}

void ActionGroup::Enter() const {
  for (const auto& one : hierarchies_) (void)!write(one->entrance.get(), "0", 1);
}

ActionGroup::Usage ActionGroup::Read() const {
  Usage usage;
  if (processes_ != nullptr) {
    const std::string& at = processes_->directory;
    usage.tasks = NumberOf(at + "/pids.current");
    usage.peak_tasks = std::max(usage.tasks, NumberOf(at + "/pids.peak"));  // 6.1
    usage.tasks_over = NumberOf(at + "/pids.events", "max") != 0;
  }
  if (memory_ != nullptr) {
    const std::string& at = memory_->directory;
    const bool v2 = memory_->version == 2;
    usage.memory = NumberOf(at + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
    usage.peak_memory =
        std::max(usage.memory, NumberOf(at + (v2 ? "/memory.peak" : "/memory.max_usage_in_bytes")));  // 5.19
    usage.memory_over = NumberOf(at + (v2 ? "/memory.events" : "/memory.oom_control"), "oom_kill") != 0;
  }
  for (const auto& one : hierarchies_) {
    if (one->version == 2) usage.cpu_ns = NumberOf(one->directory + "/cpu.stat", "usage_usec") * 1000;
  }
  return usage;
}

size_t ActionGroup::End() {
  size_t there = 0;
  for (const auto& one : hierarchies_) {
    if (one.get() == processes_) Put(one->directory + "/pids.max", "0");
    if (one->version == 2 && Put(one->directory + "/cgroup.kill", "1")) {  // 5.14
      there = std::max(there, MembersOf(one->directory).size());
    } else {
      there = std::max(there, KillMembers(one->directory));
    }
  }
  return there;
}

}  // namespace glovebox::trace
