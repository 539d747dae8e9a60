// The running side of a plan: descriptors, vectors and process numbers that only exist once a process is
// about to be started. Everything is prepared before the fork; the pipeline allocates nothing.
#ifndef GLOVEBOX_CHILD_CONTEXT_H_
#define GLOVEBOX_CHILD_CONTEXT_H_

#include <sys/types.h>

#include <cstddef>

#include "child/wire.h"

namespace glovebox::child {

inline constexpr size_t kMaxSkipped = 4;

// Pointers are borrowed and must live until exec; descriptors belong to the pipeline, which closes them or
// leaves them to CLOEXEC; -1 and null mean absent.
struct ChildContext {
  // Row 24. `script_argv` is {"/bin/sh", (the candidate), argv[1] ...}, for a program without a #! line, as
  // execvp does it; null: such a program cannot be run. The pipeline writes its second word.
  const char* program = nullptr;  // as the user spelled it
  char* const* argv = nullptr;
  char** script_argv = nullptr;
  const char* const* candidates = nullptr;  // null-terminated, in the order of PATH
  char* const* environment = nullptr;       // rows 13 and 14, prepared by PrepareEnvironment()

  // Rows 1 and 20: either two pipes and a status pipe (all CLOEXEC) ...
  int ack_read = -1;
  int ack_write_other = -1;  // the parent's end: closed in row 1
  int fd_write = -1;         // with `send_listener` a socket
  int fd_read_other = -1;    // the parent's end: closed in row 1
  int status = -1;           // StepFailure goes here
  int outer = -1;            // ... and here: an outer supervisor that was told of this action (wire.h)
  // ... or one connection which is all of them (wire.h).
  int connection = -1;
  bool send_listener = false;  // kReplySendListener
  bool nested = false;         // kReplyNoListener: an outer supervisor sees this action already

  pid_t expected_parent = 0;        // row 2; 0: not checked (the parent is outside our pid namespace)
  int pty = -1;                     // row 3
  int ruleset = -1;                 // row 9
  const int* static_fds = nullptr;  // row 10
  size_t static_fd_count = 0;
  const int* passed_fds = nullptr;  // row 11: from GLOVEBOX_*_FD; a bad number is ignored
  size_t passed_fd_count = 0;
  bool export_mode = false;  // rows 12 and 23
  bool silent = false;       // a failure is told to `status` alone: who reads that says it to people
  // Row 15: gives 0 or an errno; must be async-signal-safe.
  int (*pre_exec)(void* argument) = nullptr;
  void* pre_exec_argument = nullptr;

  // Written by the pipeline.
  char* const* exec_environment = nullptr;
  bool exit_before_exec = false;
  StepFailure skipped[kMaxSkipped];
  size_t skipped_count = 0;
};

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_CONTEXT_H_
