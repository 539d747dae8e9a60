// glovebox-launch: stands before one command of a build, asks its supervisor for the plan, and becomes the
// command. Tiny and static: it starts once for every edge.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/shell_words.h"
#include "base/standard_streams.h"
#include "child/actions.h"
#include "child/connect.h"
#include "child/environment.h"
#include "child/inherited.h"
#include "child/launch_options.h"
#include "child/launch_stay.h"
#include "child/launch_words.h"
#include "child/measurements.h"
#include "child/path_candidates.h"
#include "child/pipeline.h"

namespace glovebox::child {
namespace {

constexpr int kUsage = 2;
constexpr int kNotFound = 127;  // a shell's own status for it

// Set once the role is known. A test whose launcher fails must not pass, whatever its properties make of an
// exit status.
bool dies_by_signal = false;

[[noreturn]] void Die(const char* what, const char* path, const char* reason, int status) {
  char text[PATH_MAX + kMaxReason + 256];
  const size_t size = FormatMessage(what, path, reason, text, sizeof text);
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, text, size);
  if (dies_by_signal) AbortQuietly();
  _exit(status);
}

[[noreturn]] void DieOfErrno(const char* what, const char* path, int error) {
  error = SetupExitStatus(error);
  const char* reason = strerrordesc_np(error);
  Die(what, path, reason != nullptr ? reason : "unknown error", error);
}

char* Concat(const char* a, const char* b) {
  const size_t first = strlen(a);
  const size_t second = strlen(b) + 1;
  char* text = static_cast<char*>(Pages(first + second));
  if (text == nullptr) DieOfErrno("cannot prepare the command", nullptr, ENOMEM);
  // `second` counts the NUL.
  // NOLINTNEXTLINE(bugprone-not-null-terminated-result)
  memcpy(text, a, first);
  memcpy(text + first, b, second);
  return text;
}

// The standalone way: the big binary, which stands beside this one, supervises the command itself.
[[noreturn]] void BecomeGlovebox(const LaunchOptions& options, char** environment) {
  static char self[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) DieOfErrno("cannot find", "/proc/self/exe", errno);
  self[length] = '\0';
  char* slash = strrchr(self, '/');
  *slash = '\0';
  char* const program = Concat(self, "/glovebox");
  const size_t words = 16 + options.output_count + options.command_count;
  char** argv = static_cast<char**>(Pages(words * sizeof(char*)));
  if (argv == nullptr) DieOfErrno("cannot prepare the command", nullptr, ENOMEM);
  size_t count = 0;
  const auto add = [&](const char* name, const char* value) {
    if (*value != '\0') argv[count++] = Concat(name, value);
  };
  argv[count++] = program;
  argv[count++] = const_cast<char*>("run");
  argv[count++] = const_cast<char*>("--launched");
  add("--role=", RoleName(options.role));
  add("--build=", options.build);
  add("--lang=", options.language);
  add("--target=", options.target);
  add("--type=", options.type);
  for (size_t i = 0; i < options.output_count; ++i) add("--out=", options.outputs[i]);
  add("--dep=", options.depfile);
  add("--test=", options.test);
  add("--policy-name=", options.policy);
  argv[count++] = const_cast<char*>("--");
  for (size_t i = 0; i < options.command_count; ++i) argv[count++] = options.command[i];
  execve(program, argv, environment);
  DieOfErrno("cannot run", program, errno);
}

struct Command {
  const char** candidates;
  char** script_argv;
};

Command PrepareCommand(const LaunchOptions& options, const char* path) {
  const CandidateRoom room = PathCandidateRoom(options.command[0], path);
  Command command{};
  command.candidates = static_cast<const char**>(Pages(room.entries * sizeof(char*)));
  char* text = static_cast<char*>(Pages(room.bytes));
  command.script_argv = static_cast<char**>(Pages((options.command_count + 2) * sizeof(char*)));
  if (command.candidates == nullptr || text == nullptr || command.script_argv == nullptr ||
      !PathCandidates(options.command[0], path, command.candidates, room.entries, text, room.bytes)) {
    DieOfErrno("cannot prepare the command", nullptr, ENOMEM);
  }
  command.script_argv[0] = const_cast<char*>("/bin/sh");
  for (size_t i = 1; i < options.command_count; ++i) command.script_argv[i + 1] = options.command[i];
  return command;
}

// What a shell would do with the first words of a command before it looks for a program.
char** ObeyShellWords(LaunchOptions& options, char** environment) {
  const size_t assignments = CountAssignments(options);
  if (assignments == options.command_count) {
    Die("cannot run", options.command[0], kBareAssignment, kNotFound);
  }
  if (assignments > 0) {
    const AssignmentRoom room = RoomForAssignments(options, assignments, environment);
    char** entries = static_cast<char**>(Pages(room.entries * sizeof(char*)));
    char* text = static_cast<char*>(Pages(room.bytes));
    if (entries == nullptr || text == nullptr) DieOfErrno("cannot prepare the command", nullptr, ENOMEM);
    TakeAssignments(options, assignments, environment, entries, text);
    environment = entries;
  }
  if (!IsShellBuiltin(options.command[0]) && !IsShellKeyword(options.command[0])) return environment;
  const Command command = PrepareCommand(options, EnvironmentValue(environment, "PATH"));
  for (const char* const* candidate = command.candidates; *candidate != nullptr; ++candidate) {
    if (access(*candidate, X_OK) == 0) return environment;
  }
  if (strcmp(options.command[0], ":") == 0) _exit(0);
  Die("cannot run", options.command[0], kShellWord, kNotFound);
}

// CMake's own `test`, `install` ...: not an edge, and nobody watches. As it is, without a plan.
[[noreturn]] void RunUnwatched(const LaunchOptions& options, char** environment) {
  const Command command = PrepareCommand(options, EnvironmentValue(environment, "PATH"));
  static const ChildPlan plan{};
  ChildContext context;
  context.program = options.command[0];
  context.argv = options.command;
  context.candidates = command.candidates;
  context.script_argv = command.script_argv;
  context.exec_environment = environment;
  const StepList steps = StepTable();
  const StepResult result = steps.steps[steps.size - 1].action(plan, context);  // row 24 alone
  DieOfErrno("cannot run", context.program, result.error);
}

// `environment` with the variables that name the private directory in the place of those that are there.
char** WithPrivateVariables(uint32_t plan_flags, const PrivateDirectory& directory, char** environment) {
  char* text = static_cast<char*>(Pages(kPrivateRoom));
  if (text == nullptr) DieOfErrno("cannot prepare the environment", nullptr, ENOMEM);
  const char* ours[kPrivateVariables];
  const size_t count = PrivateVariables(plan_flags, directory, text, ours);
  size_t capacity = count + 1;
  for (char** entry = environment; *entry != nullptr; ++entry) ++capacity;
  char** result = static_cast<char**>(Pages(capacity * sizeof(char*)));
  if (result == nullptr) DieOfErrno("cannot prepare the environment", nullptr, ENOMEM);
  size_t at = 0;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    bool replaced = false;
    for (size_t i = 0; i < count; ++i) {
      const size_t name = static_cast<size_t>(strchr(ours[i], '=') - ours[i]) + 1;
      replaced = replaced || strncmp(*entry, ours[i], name) == 0;
    }
    if (!replaced) result[at++] = *entry;
  }
  for (size_t i = 0; i < count; ++i) result[at++] = const_cast<char*>(ours[i]);
  return result;
}

// The process that stays beside this one: none, or `channel` leads to it.
struct Beside {
  int channel = -1;
  pid_t parent = 0;  // whose death ends us
};

char** TellBeside(const Beside& beside, const Connection& connection, const Order& order,
                  char** environment) {
  StayNote note;
  note.nested = connection.found == Found::kOuter ? 1 : 0;
  note.enforces = order.enforces ? 1 : 0;
  const uint32_t flags = order.plan->flags & (kPrivateTmp | kPrivateHome);
  if (flags != 0) {
    note.directory = order.plan->private_directory;
    const bool is_made = note.directory.path[0] != '\0';
    const int error = is_made ? 0 : MakePrivateDirectory(flags, note.directory);
    if (error != 0) DieOfErrno("cannot make a private directory", note.directory.path, error);
    environment = WithPrivateVariables(flags, note.directory, environment);
  }
  const int error = TellStayer(beside.channel, note, connection.fd);
  if (error != 0) DieOfErrno("cannot reach the launcher beside the command", nullptr, error);
  return environment;
}

[[noreturn]] void RunSupervised(const LaunchOptions& options, char** environment, const Beside& beside,
                                const Connection& connection, const Order& order) {
  if (beside.channel >= 0) environment = TellBeside(beside, connection, order, environment);
  const ChildPlan& plan = *order.plan;
  const char* rules = reinterpret_cast<const char*>(order.plan) + plan.environment_rules.offset;
  const size_t rules_size = plan.environment_rules.size;
  const size_t capacity = EnvironmentCapacity(environment, rules, rules_size);
  const char** prepared = static_cast<const char**>(Pages(capacity * sizeof(char*)));
  if (prepared == nullptr ||
      PrepareEnvironment(environment, rules, rules_size, prepared, capacity) == kNoRoom) {
    DieOfErrno("cannot prepare the environment", nullptr, ENOMEM);
  }
  const Command command = PrepareCommand(options, EnvironmentValue(prepared, "PATH"));
  const size_t passed_capacity = PassedFdCapacity(environment);
  int* const passed = static_cast<int*>(Pages((passed_capacity + 1) * sizeof(int)));  // never 0 bytes
  if (passed == nullptr) DieOfErrno("cannot prepare the environment", nullptr, ENOMEM);
  ChildContext context;
  context.program = options.command[0];
  context.argv = options.command;
  context.script_argv = command.script_argv;
  context.candidates = command.candidates;
  context.environment = const_cast<char* const*>(prepared);
  context.connection = connection.fd;
  context.send_listener = order.send_listener;
  context.nested = order.nested;
  context.outer = beside.channel;
  context.expected_parent = beside.parent;
  context.ruleset = order.ruleset;
  context.passed_fds = passed;
  context.passed_fd_count = PassedFds(environment, passed, passed_capacity);
  RunPipeline(plan, context);
}

// Without an own connection where that can be told from the outside.
bool HasSupervisor(const char* collector) {
  if (collector != nullptr && *collector != '\0') return true;
  const Connection outer = FindSupervisor(nullptr);
  if (outer.found != Found::kOuter) return false;
  close(outer.fd);
  return true;
}

// Only the child comes back: the supervisor knows an action by the process that connected.
void Stay(LaunchOptions& options, char** environment, Beside& beside) {
  StayOptions how;
  how.test = options.role == Role::kTest;
  how.fixture = how.test && strcmp(options.type, "fixture") == 0;
  const char* measures = EnvironmentValue(environment, kMeasurementsVariable);
  how.measures = how.test && measures != nullptr && strcmp(measures, "1") == 0;
  const int error = StayAndWait(how, beside.parent, beside.channel);
  if (error != 0) DieOfErrno("cannot start the command", nullptr, error);
  // Of a test everything is closed.
  if (!how.test) CloseUnasked({.makeflags = EnvironmentValue(environment, "MAKEFLAGS")});
  options.stays = true;
}

[[noreturn]] void Launch(int argc, char** argv, char** environment) {
  const pid_t parent = getppid();
  const char** outputs = static_cast<const char**>(Pages(static_cast<size_t>(argc + 1) * sizeof(char*)));
  if (outputs == nullptr) DieOfErrno("cannot prepare the command", nullptr, ENOMEM);
  LaunchOptions options;
  const char* wrong = ParseLaunchOptions(argc, argv, outputs, options);
  dies_by_signal = options.role == Role::kTest;
  if (wrong != nullptr) {
    Die(wrong, nullptr, "glovebox-launch [--role=R] [--out=FILE...] -- COMMAND [ARGUMENT...]", kUsage);
  }
  if (EnvironmentValue(environment, "GLOVEBOX_EXPORT") != nullptr) {
    Die("GLOVEBOX_EXPORT is set: a launcher that only sets up would make every test pass", nullptr, nullptr,
        kUsage);
  }
  const char* collector = EnvironmentValue(environment, kCollectorVariable);
  environment = ObeyShellWords(options, environment);
  Beside beside{-1, parent};
  if (options.role == Role::kTest && HasSupervisor(collector)) Stay(options, environment, beside);
  for (;;) {
    const Connection connection = FindSupervisor(collector);
    if (connection.found == Found::kFailed)
      DieOfErrno("cannot reach the collector at", collector, connection.error);
    if (connection.found == Found::kNobody) {
      if (IsUtility(options)) RunUnwatched(options, environment);
      StayNote alone;
      alone.alone = 1;
      if (beside.channel >= 0) TellStayer(beside.channel, alone, -1);
      BecomeGlovebox(options, environment);
    }
    Order order;
    const OrderError failed = Negotiate(connection.fd, options, order);
    if (failed.reason != nullptr) Die(failed.message, nullptr, failed.reason, SetupExitStatus(failed.error));
    if (failed.message != nullptr) DieOfErrno(failed.message, nullptr, failed.error);
    if (order.plan != nullptr) RunSupervised(options, environment, beside, connection, order);
    // Mode enforce: once more, from a child.
    close(connection.fd);
    Stay(options, environment, beside);
  }
}

}  // namespace
}  // namespace glovebox::child

int main(int argc, char** argv, char** environment) {
  glovebox::HoldStandardStreams();
  glovebox::child::Launch(argc, argv, environment);
}
