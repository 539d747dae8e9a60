#include "child/test_support.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "kernel/abi.h"

namespace glovebox::child {
namespace {

sock_filter Load(size_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(offset)}; }
sock_filter SkipUnless(uint32_t value, uint8_t count) { return {BPF_JMP | BPF_JEQ | BPF_K, 0, count, value}; }
sock_filter Return(uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

void LoadHere(Filter filter) {
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, &program) != 0) {
    _exit(250);
  }
}

}  // namespace

Filter FilterOf(int number, uint32_t action, int argument, uint32_t value) {
  if (argument < 0) {
    return {Load(offsetof(seccomp_data, nr)), SkipUnless(static_cast<uint32_t>(number), 1), Return(action),
            Return(SECCOMP_RET_ALLOW)};
  }
  return {Load(offsetof(seccomp_data, nr)),
          SkipUnless(static_cast<uint32_t>(number), 3),
          Load(offsetof(seccomp_data, args) + 8 * static_cast<size_t>(argument)),
          SkipUnless(value, 1),
          Return(action),
          Return(SECCOMP_RET_ALLOW)};
}

void DenyHere(int number, int error, int argument, uint32_t value) {
  LoadHere(FilterOf(number, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error), argument, value));
}

void DenyAmbientHere(uint32_t operation, int error) {
  LoadHere({Load(offsetof(seccomp_data, nr)), SkipUnless(SYS_prctl, 5), Load(offsetof(seccomp_data, args)),
            SkipUnless(PR_CAP_AMBIENT, 3), Load(offsetof(seccomp_data, args) + 8), SkipUnless(operation, 1),
            Return(SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)), Return(SECCOMP_RET_ALLOW)});
}

PlanBuffer::PlanBuffer() : words_((sizeof(ChildPlan) + 7) / 8) {
  ChildPlan fresh;
  fresh.size = static_cast<uint32_t>(words_.size() * 8);
  memcpy(words_.data(), &fresh, sizeof fresh);
}

void PlanBuffer::Append(Span ChildPlan::*member, const void* bytes, size_t size) {
  const size_t offset = words_.size() * 8;
  words_.resize(words_.size() + (size + 7) / 8);
  memcpy(reinterpret_cast<char*>(words_.data()) + offset, bytes, size);
  plan().*member = {static_cast<uint32_t>(offset), static_cast<uint32_t>(size)};
  plan().size = static_cast<uint32_t>(words_.size() * 8);
}

void PlanBuffer::SetFilter(Span ChildPlan::*member, const Filter& filter) {
  Append(member, filter.data(), filter.size() * sizeof(sock_filter));
}

void PlanBuffer::SetEnvironmentRules(const std::vector<std::string>& rules) {
  std::string text;
  for (const std::string& rule : rules) text += rule + '\0';
  Append(&ChildPlan::environment_rules, text.data(), text.size());
}

void PlanBuffer::SetHiddenPaths(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += path + '\0';
  Append(&ChildPlan::hidden_paths, text.data(), text.size());
}

void PlanBuffer::SetLimit(Limit limit, uint64_t value) {
  plan().limits[static_cast<uint32_t>(limit)] = {1, 0, value};
}

std::string Outcome::Value(const std::string& key) const {
  const std::string text = "\n" + out;
  size_t at = text.find("\n" + key + " ");
  size_t skip = key.size() + 2;
  if (at == std::string::npos) {
    at = text.find("\n" + key + ":\t");
    ++skip;
  }
  if (at == std::string::npos) return "";
  return text.substr(at + skip, text.find('\n', at + 1) - at - skip);
}

std::string Drain(int fd) {
  std::string all;
  char part[4096];
  for (;;) {
    const ssize_t n = read(fd, part, sizeof part);
    if (n > 0) all.append(part, static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return all;
  }
}

Outcome Session::Run() {
  if (command.empty()) command = {GLOVEBOX_CHILD_PROBE};
  if (candidates.empty()) candidates = {command[0]};
  int out[2], error[2], status[2], ack[2], fds[2];
  const bool made =
      pipe2(out, O_CLOEXEC) == 0 && pipe2(error, O_CLOEXEC) == 0 && pipe2(status, O_CLOEXEC) == 0 &&
      pipe2(ack, O_CLOEXEC) == 0 &&
      (socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) : pipe2(fds, O_CLOEXEC)) == 0;
  if (!made) abort();
  std::vector<char*> argv = Pointers(command);
  std::vector<char*> envp = Pointers(environment);
  std::vector<char*> paths = Pointers(candidates);
  std::vector<char*> script = argv;
  script.insert(script.begin(), const_cast<char*>("/bin/sh"));
  ChildContext context;
  context.program = command[0].c_str();
  context.argv = argv.data();
  context.script_argv = script.data();
  context.candidates = paths.data();
  context.environment = envp.data();
  context.ack_read = ack[0];
  context.ack_write_other = ack[1];
  context.fd_read_other = fds[0];
  context.fd_write = fds[1];
  context.status = status[1];
  context.expected_parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], 1);
    dup2(error[1], 2);
    if (in_child) in_child(context);
    RunPipeline(plan(), context);
  }
  for (int fd : {out[1], error[1], status[1], ack[0], fds[1]}) close(fd);
  if (in_parent) in_parent({child, ack[1], fds[0]});
  close(ack[1]);
  close(fds[0]);
  Outcome outcome;
  outcome.out = Drain(out[0]);
  outcome.error = Drain(error[0]);
  const std::string records = Drain(status[0]);
  for (size_t at = 0; at + sizeof(StepFailure) <= records.size(); at += sizeof(StepFailure)) {
    memcpy(&outcome.failures.emplace_back(), records.data() + at, sizeof(StepFailure));
  }
  for (int fd : {out[0], error[0], status[0]}) close(fd);
  while (waitpid(child, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

int FetchListener(const ParentSide& side) {
  uint8_t bytes[4];
  size_t got = 0;
  while (got < sizeof bytes) {
    const ssize_t n = read(side.fd_read, bytes + got, sizeof bytes - got);
    if (n <= 0) return -1;
    got += static_cast<size_t>(n);
  }
  const int number = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, side.child, 0));
  const int listener = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, number, 0));
  close(pidfd);
  return listener;
}

void Answer(const ParentSide& side, uint8_t byte) {
  [[maybe_unused]] const ssize_t n = write(side.ack_write, &byte, 1);
}

bool CanListen() {
  const pid_t child = fork();
  if (child == 0) {
    Filter filter = FilterOf(SYS_getpgid, SECCOMP_RET_ALLOW);
    sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0 ? 0
                                                                                                         : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace glovebox::child
