// The rows of rules.h. Included by rules.cc alone.
#ifndef GLOVEBOX_VERIFY_RULE_TABLE_H_
#define GLOVEBOX_VERIFY_RULE_TABLE_H_

#include "verify/rules.h"

namespace glovebox::verify {

inline constexpr Rule kRules[] = {
    // What the policy does not allow (policy_findings.h).
    {"read-outside", Severity::kError, "a file was read that the policy does not let the action read",
     "what is made here depends on a file that another machine does not have",
     "do not read it, or let the policy say so: read = [\"OBJECT\"]",
     "The policy names what an action of this role may read, and this file is below none of it. Under\n"
     "`enforce` the read was refused; under `report` it went on and is told. Files of one directory are\n"
     "folded into one finding where there are four of them or more.",
     "error[read-outside]: /home/u/.gen.rc is read, which the policy does not allow\n"
     "  --> #2 table.h\n"
     "   open    /home/u/.gen.rc   openat, there, by sh (pid 3838)\n"
     "   policy  glovebox.toml:4:1 read\n"
     "   so      what is made here depends on a file that another machine does not have\n"
     "   repair  do not read it, or let the policy say so: read = [\"${home}/.gen.rc\"]"},
    {"write-outside", Severity::kError,
     "something was changed where the policy does not let the action write",
     "what stands there afterwards is met by the next build, and by everybody else",
     "write below ${build} or ${tmp}, or let the policy say so: write = [\"OBJECT\"]",
     "The policy names what an action of this role may create, change and remove; this is below none of it.\n"
     "Making, renaming, removing, and setting modes, owners or times all count.",
     "error[write-outside]: /home/u/.cache/x is changed, which the policy does not allow\n"
     "  --> #9 net_test\n"
     "   open    /home/u/.cache/x   openat, refused: EACCES, by net_test (pid 412)\n"
     "   policy  glovebox.toml:12:3 write"},
    {"exec-outside", Severity::kError, "a program was started that the policy does not let the action run",
     "another machine has another program of that name, or none",
     "let the policy say so: read = [\"OBJECT\"], or run a program of the toolchain",
     "To run a program is to read it. This one is below nothing that the action may read.",
     "error[exec-outside]: /home/u/bin/protoc is run, which the policy does not allow\n"
     "  --> #4 api.pb.cc"},
    {"hidden", Severity::kError, "a path was asked for that the policy hides",
     "the policy's author did not want this action to know of it",
     "do not ask for it, or take it out of `hidden`",
     "A hidden path is as if it were not there: under `enforce` the action was told that no such file\n"
     "exists.",
     "error[hidden]: /src/secrets.env is asked for, which the policy hides\n"
     "  --> #7 pack_test"},
    {"append-only", Severity::kError, "an append-only path was to be changed otherwise than by appending",
     "a log that can be shortened or written over proves nothing",
     "open it with O_APPEND and without O_TRUNC, or take it out of `append-only`",
     "The policy lets the action add to this file and do nothing else to it. Opening it to write without\n"
     "O_APPEND, with O_TRUNC, truncating, renaming, removing or linking it are something else, and so is\n"
     "setting its mode, owner or flags.",
     "error[append-only]: /build/audit.log is an append-only path, and unlink is no append\n"
     "  --> #3 audit_test"},
    {"undeclared-input", Severity::kError, "a file was read that the build does not know the action to need",
     "a change of that file does not rebuild what is made here",
     "name it: DEPENDS of add_custom_command, OBJECT_DEPENDS of a source, or a target to depend on",
     "With strict inputs an edge sees the generated files on which it depends and no others: this one is "
     "made\n"
     "by another edge, and Ninja does not know that this edge comes after it.",
     "error[undeclared-input]: gen/config.h is read, and nothing says that it is needed here\n"
     "  --> #5 main.o"},
    {"network-socket", Severity::kError, "a socket was made of a kind that the policy does not allow",
     "what is made here can depend on another machine",
     "do without, or let the policy say so: network = \"unix\", \"loopback\", or the endpoints by name",
     "The policy keeps this action from the network, and it made a socket that can reach it.",
     "error[network-socket]: a socket of AF_INET is made, which the policy does not allow\n"
     "  --> #6 fetch"},
    {"network-connect", Severity::kError, "an address was connected to that the policy does not allow",
     "what is made here depends on another machine, and works only as long as that one answers",
     "do without, or let the policy say so: network = { connect = [\"OBJECT\"] }",
     "connect() to an address that is none of the policy's. Under `enforce` nothing was sent.",
     "error[network-connect]: inet:151.101.2.132:443 is connected to, which the policy does not allow\n"
     "  --> #6 fetch"},
    {"network-bind", Severity::kError, "an address was bound that the policy does not allow",
     "others can reach what runs here, and two of it cannot run at once",
     "bind to 127.0.0.1 and port 0, or let the policy say so: network = { bind = [\"OBJECT\"] }",
     "bind() to an address that is none of the policy's.",
     "error[network-bind]: inet:0.0.0.0:8080 is bound, which the policy does not allow\n"
     "  --> #8 server_test"},
    {"network-send", Severity::kError, "something was sent to an address that the policy does not allow",
     "what is made here tells another machine something, or asks it",
     "do without, or let the policy say so: network = { connect = [\"OBJECT\"] }",
     "A datagram (sendto, sendmsg, sendmmsg) to an address that is none of the policy's.",
     "error[network-send]: inet:8.8.8.8:53 is sent to, which the policy does not allow\n"
     "  --> #8 lookup_test"},
    {"denied-call", Severity::kError, "a system call was tried that no action may make",
     "it could have got out of the sandbox, or hidden from it",
     "do without it; where a program tries it only to see whether it may, allow the finding",
     "Calls that are refused whatever they name: io_uring, keystrokes into a terminal (TIOCSTI), answering "
     "the\n"
     "supervisor's own questions, writes past O_APPEND and what else the policy denies.",
     "error[denied-call]: io_uring_setup is tried, which no action may do\n"
     "  --> #4 bench_test"},
    {"limit-hit", Severity::kError, "a limit of the policy ended the action",
     "what it would have made or told is not known", "do less, or raise the limit in the policy",
     "Wall clock, total memory or the number of processes of the whole action: the finding names which, its\n"
     "value and what was measured.",
     "error[limit-hit]: loop_test was ended by a limit: wall clock 10 s\n"
     "  --> #12 loop_test"},
    {"left-over", Severity::kError, "a process outlived the command that started it",
     "it goes on beside the actions that come after it, and holds its files and ports",
     "wait for it, or end it, before the command ends",
     "When the first process of the action had ended another one was still there, also where it had made a\n"
     "session of its own. What still ran at the end was ended.",
     "error[left-over]: /usr/bin/sleep outlived its command\n"
     "  --> #12 daemon_test"},
    {"sandbox-failed", Severity::kError, "the sandbox of an action could not be set up",
     "the command was not run: there is nothing to be said about it",
     "see `glovebox host` for what this host can do",
     "A step of the set-up failed, and the command was never started. It can never count as passed.",
     "error[sandbox-failed]: landlock_restrict_self: ENOSYS\n"
     "  --> #1 hello.o"},
    // Between tests (cross_tests.h).
    {"test-shared-write", Severity::kError, "two tests write one path",
     "run at the same time (ctest -j) each of them destroys what the other one relies upon",
     "give each test a file of its own, or RESOURCE_LOCK to both",
     "Two tests created, changed or removed one path, and nothing keeps them from running at once: no\n"
     "DEPENDS, no fixture, no RESOURCE_LOCK that both have, no RUN_SERIAL. Coverage counters (.gcda,\n"
     ".profraw), Python's __pycache__ and compiler caches, which are made to be shared, do not count.",
     "error[test-shared-write]: /build/out.txt is written by two tests: b and a\n"
     "  --> CMakeLists.txt:14 add_test  #2 b"},
    {"test-needs-test", Severity::kError, "a test reads what another test wrote, and nothing orders them",
     "alone (ctest -R), in another order or beside it the test fails",
     "FIXTURES_SETUP and FIXTURES_REQUIRED, or DEPENDS; or let the test make what it reads",
     "The last one to write the file before this test read it was another test. CTest runs tests in any "
     "order\n"
     "(by cost, with --schedule-random, --rerun-failed) unless a fixture or DEPENDS says more.",
     "error[test-needs-test]: /build/out.txt is read by b and was written by a\n"
     "  --> CMakeLists.txt:14 add_test  #2 b"},
    {"test-fixed-port", Severity::kWarning, "a test binds a port of its own choice",
     "it fails beside itself in another checkout, and beside whatever has that port",
     "bind to port 0 and ask getsockname() which one it was",
     "bind() to an internet address with a port that is not 0. Where two tests that may run at once bind "
     "the\n"
     "same port it is an error.",
     "warning[test-fixed-port]: inet:127.0.0.1:8080 is bound by server_test\n"
     "  --> CMakeLists.txt:20 add_test  #4 server_test"},
    {"test-fixed-tmp", Severity::kWarning, "a test makes a fixed name in a temporary directory",
     "two runs at once, by two people or of two checkouts, share it",
     "mkstemp() or mkdtemp(), `mktemp -d`, or a place below the build directory",
     "A name that was made below $TMPDIR, /tmp, /var/tmp or /dev/shm and is the same in each run. A name "
     "counts\n"
     "as its run's own where a part of its path has the number of a process of the test, nine digits or "
     "more\n"
     "(a time), eight hexadecimal digits or more, or ends, before its extension, in six letters and digits "
     "that\n"
     "are no word; or where it was opened as mkstemp() does it (O_RDWR | O_CREAT | O_EXCL). So does "
     "everything\n"
     "below such a directory, and below a TMPDIR that lies in the build directory.",
     "warning[test-fixed-tmp]: /tmp/app.log is made by log_test\n"
     "  --> CMakeLists.txt:22 add_test  #5 log_test"},
    {"test-writes-source", Severity::kError, "a test writes into the source tree",
     "the next build is made from other sources, and a read-only checkout fails",
     "write below the build directory (CMAKE_CURRENT_BINARY_DIR), or work on a copy",
     "Created, changed or removed below the source directory and not below the build directory. Where both\n"
     "are one directory nothing can be told. Python's __pycache__ does not count.",
     "error[test-writes-source]: /src/golden.txt is written by golden_test\n"
     "  --> CMakeLists.txt:30 add_test  #6 golden_test"},
    {"test-writes-home", Severity::kError, "a test writes into the home directory of who runs it",
     "it changes somebody's own settings, and the next run meets what this one left",
     "set HOME to a directory of the test's own (ENVIRONMENT HOME=...), or private-home = true in the policy",
     "Created, changed or removed below $HOME, and below neither source nor build nor temporary directory.\n"
     "The caches of compilers and fonts do not count.",
     "error[test-writes-home]: /home/u/.apprc is written by settings_test\n"
     "  --> CMakeLists.txt:31 add_test  #7 settings_test"},
    // Of the policy file itself.
    {"allowance-expired", Severity::kError, "an allowance has expired, and what it let pass is still there",
     "somebody promised to mend this by then",
     "mend what it allowed, or give it another date and a reason why",
     "An allowance counts to the end of its day. After that what it let pass is found again, and the\n"
     "allowance itself, with its owner, until either has gone. One that lets nothing pass any more is not "
     "told.",
     "error[allowance-expired]: the allowance of alice@example.org expired on 2026-01-31, and 2 findings "
     "need it\n"
     "  --> glovebox.toml:40:1"},
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_RULE_TABLE_H_
