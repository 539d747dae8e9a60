#include "cli/run_options.h"

#include <fcntl.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/variable.h"
#include "cli/commands.h"

namespace glovebox::cli {
namespace {

std::string IsOpen(const std::string& word) {
  int number = 0;
  if (!absl::SimpleAtoi(word, &number) || number <= 2) return "say a number above 2";
  return fcntl(number, F_GETFD) < 0 ? absl::StrCat(word, ": no such descriptor is open") : "";
}

}  // namespace

absl::Status TakeFromEnvironment(RunOptions& o) {
  if (!o.launched && !o.configure) return absl::OkStatus();
  const std::string level = Variable("GLOVEBOX_LEVEL");
  if (!level.empty() && level != "open" && level != "full" && level != "strict")
    return absl::InvalidArgumentError(absl::StrCat("GLOVEBOX_LEVEL=", level, ": say open, full or strict"));
  const std::string mode = Variable("GLOVEBOX_MODE");
  if (!mode.empty() && mode != "observe" && mode != "report" && mode != "enforce")
    return absl::InvalidArgumentError(
        absl::StrCat("GLOVEBOX_MODE=", mode, ": say observe, report or enforce"));
  if (!level.empty() && (o.launched || o.level.empty())) o.level = level;
  if (!mode.empty() && (o.launched || o.mode.empty())) o.mode = mode;
  return absl::OkStatus();
}

void AddPolicyOptions(CLI::App& run, RunOptions& o) {
  run.add_option("--policy", o.policy,
                 "a policy file (docs/policy-file.md); what other options say outranks it")
      ->type_name("FILE")
      ->check(NotEmpty());
  run.add_option("--mode", o.mode,
                 "observe, report or enforce: enforce refuses what the policy does not allow, and without a "
                 "policy file confines the command to what is built in (glovebox policy show --role run)")
      ->check(CLI::IsMember({"observe", "report", "enforce"}));
  run.add_flag("--best-effort", o.best_effort,
               "leave out what this host cannot hold, and say so, also in enforce");
  run.add_option("--read", o.read, "a file or directory that may be read and executed; may be repeated")
      ->type_name("PATH")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  run.add_option("--write", o.write,
                 "one that may be changed as well; with --read or --write these are all that there are")
      ->type_name("PATH")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  run.add_option("--hide", o.hide,
                 "a path or pattern that is not there for the command (enforce), whatever --read and --write "
                 "grant; may be repeated")
      ->type_name("PATTERN")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  run.add_flag("--hide-by-namespace", o.hide_by_namespace,
               "cover the hidden paths in a mount namespace of the command's own as well");
  run.add_option("--network", o.network,
                 "any, none (no socket but a pair of its own), unix, or loopback (unix and loopback "
                 "addresses); replaces what a policy file says of the network")
      ->check(CLI::IsMember({"any", "none", "unix", "loopback"}));
  run.add_option("--connect", o.connect,
                 "an address that may be connected and sent to (10.0.0.0/8:443, [::1]:80, *:443), beside "
                 "what --network allows; without --network unix sockets and what --connect and --bind name "
                 "are all that there is; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  run.add_option("--bind", o.bind, "the same for an address that may be listened on")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  run.add_flag("--network-namespace", o.network_namespace,
               "a network namespace of its own with the loopback device alone");
  run.add_option("--level", o.level,
                 "how much is recorded: open (opens, execs, changes, network), full (+ stat, access, "
                 "readlink, listings), strict (full, and nothing is preloaded into a program), off")
      ->check(CLI::IsMember({"open", "full", "strict", "off"}));
  run.add_option("--limit", o.limits,
                 "NAME=VALUE, one of the fourteen limits (NOFILE=64, AS=4G ...); may be repeated")
      ->allow_extra_args(false);
  run.add_option("--wall-clock", o.wall_clock, "end the command and all it started after this time (10s, 2m)")
      ->type_name("TIME")
      ->check(NotEmpty());
  run.add_option("--total-memory", o.total_memory,
                 "end it where all of its processes together have more memory than this (512M)")
      ->type_name("SIZE")
      ->check(NotEmpty());
  run.add_option("--total-processes", o.total_processes,
                 "end it where it has more processes and threads than this")
      ->type_name("COUNT")
      ->check(NotEmpty());
  run.add_option("--keep-cap", o.keep, "with --drop-all-caps: a capability to keep")->allow_extra_args(false);
  run.add_option("--drop-cap", o.drop, "a capability to drop")->allow_extra_args(false);
  run.add_flag("--drop-all-caps", o.drop_all, "drop every capability that is not kept");
  run.add_option("--env", o.environment, "-NAME, =NAME (only these) or +NAME=value; may be repeated")
      ->allow_extra_args(false);
  run.add_option("--death-signal", o.death_signal, "signal number for the command when glovebox dies")
      ->check(CLI::Range(0, 64));
  run.add_option(
         "--keep-fd", o.keep_fds,
         "a descriptor above 2 that the command inherits in mode enforce, where it gets no others but "
         "those of make's jobserver and those that its words name (/dev/fd/N); may be repeated")
      ->type_name("N")
      ->check(IsOpen)
      ->allow_extra_args(false);
  run.add_flag("--pty", o.pty, "give the command a terminal of its own");
  run.add_flag("--stop", o.stop, "stop before the filter is loaded, and be let go with PTRACE_SEIZE");
  run.add_flag("--deny-tsc", o.deny_tsc,
               "reading the time-stamp counter raises SIGSEGV (x86); dynamic programs can die of it: the "
               "loader and the clock functions of the vDSO read it");
  run.add_flag("--append-only", o.append_only, "refuse RWF_NOAPPEND, which goes around O_APPEND");
  run.add_flag("--restrict-kptr", o.restrict_kptr, "refuse pointers into the kernel's half");
  run.add_flag("--restrict-prlimit", o.restrict_prlimit, "set the limits early and let nobody change them");
  run.add_flag("--kernel-only", o.kernel_only,
               "refuse in the kernel, unrecorded, instead of through the supervisor");
  run.add_flag("--no-signal-scope", o.no_signal_scope,
               "let the command signal processes outside of its sandbox");
  run.add_flag("--scope-abstract-unix", o.scope_abstract,
               "no abstract unix socket outside of the sandbox (X11, D-Bus)");
  run.add_flag("--ssb", o.ssb, "leave speculative store bypass as it is (SECCOMP_FILTER_FLAG_SPEC_ALLOW)");
}

}  // namespace glovebox::cli
