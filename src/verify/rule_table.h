// The rows of rules.h. Included by rules.cc alone.
#ifndef GLOVEBOX_VERIFY_RULE_TABLE_H_
#define GLOVEBOX_VERIFY_RULE_TABLE_H_

#include "verify/rules.h"

namespace glovebox::verify {

inline constexpr Rule kRules[] = {
    // What the policy does not allow (policy_findings.h).
    {"outside-read", Severity::kError, "a file was read that the policy does not let the action read",
     "what is made here depends on a file that another machine does not have",
     "do not read it, or let the policy say so: read-add = [\"OBJECT\"]",
     "The policy names what an action of this role may read, and this file is below none of it. Under\n"
     "`enforce` the read was refused; under `report` it went on and is told. Files of one directory are\n"
     "folded into one finding where there are four of them or more.",
     "error[outside-read]: /home/u/.gen.rc is read, which the policy does not allow\n"
     "  --> #2 table.h\n"
     "   open    /home/u/.gen.rc   openat, there, by sh (pid 3838)\n"
     "   policy  no path of the policy for [custom]\n"
     "   so      what is made here depends on a file that another machine does not have\n"
     "   repair  do not read it, or let the policy say so, in [custom]: read-add = [\"${home}/.gen.rc\"]"},
    {"outside-write", Severity::kError,
     "something was changed where the policy does not let the action write",
     "what stands there afterwards is met by the next build, and by everybody else",
     "write below ${build} or ${tmp}, or let the policy say so: write-add = [\"OBJECT\"]",
     "The policy names what an action of this role may create, change and remove; this is below none of it.\n"
     "Making, renaming, removing, and setting modes, owners or times all count, and so does connecting or "
     "sending\n"
     "to a unix socket that lies there.",
     "error[outside-write]: /home/u/.cache/x is changed, which the policy does not allow\n"
     "  --> #9 net_test\n"
     "   open    /home/u/.cache/x   openat, refused: EACCES, by net_test (pid 412)\n"
     "   policy  glovebox.toml:12:3 write"},
    {"outside-exec", Severity::kError, "a program was started that the policy does not let the action run",
     "another machine has another program of that name, or none",
     "let the policy say so: read-add = [\"OBJECT\"], or run a program of the toolchain",
     "To run a program is to read it. This one is below nothing that the action may read.",
     "error[outside-exec]: /home/u/bin/protoc is run, which the policy does not allow\n"
     "  --> #4 api.pb.cc"},
    {"hidden", Severity::kError, "a path was asked for that the policy hides",
     "the policy's author did not want this action to know of it",
     "do not ask for it, or take it out of `hidden`",
     "A hidden path is as if it were not there: under `enforce` the action was told that no such file\n"
     "exists.",
     "error[hidden]: /src/secrets.env is asked for, which the policy hides\n"
     "  --> #7 pack_test"},
    {"log-tamper", Severity::kError, "an append-only path was to be changed otherwise than by appending",
     "a log that can be shortened or written over proves nothing",
     "open it with O_APPEND and without O_TRUNC, or take it out of `append-only`",
     "The policy lets the action add to this file and do nothing else to it. Opening it to write without\n"
     "O_APPEND, with O_TRUNC, truncating, renaming, removing or linking it are something else, and so is\n"
     "setting its mode, owner or flags.",
     "error[log-tamper]: /build/audit.log is an append-only path, and unlink is no append\n"
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
     "do without, or let the policy say so: network = { mode = \"MODE\", connect = [\"OBJECT\"] }, beside "
     "the addresses that stand there",
     "connect() to an address that is none of the policy's. Under `enforce` nothing was sent.",
     "error[network-connect]: inet:151.101.2.132:443 is connected to, which the policy does not allow\n"
     "  --> #6 fetch"},
    {"network-bind", Severity::kError, "an address was bound that the policy does not allow",
     "others can reach what runs here, and two of it cannot run at once",
     "bind to 127.0.0.1 and port 0, or let the policy say so: network = { mode = \"MODE\", bind = "
     "[\"OBJECT\"] }, beside "
     "the addresses that stand there",
     "bind() to an address that is none of the policy's. Where no policy file speaks of networks: by an "
     "edge\n"
     "or the configure step, to an address that other machines can reach.",
     "error[network-bind]: inet:0.0.0.0:8080 is bound, which the policy does not allow\n"
     "  --> #8 server_test"},
    {"network-send", Severity::kError, "something was sent to an address that the policy does not allow",
     "what is made here tells another machine something, or asks it",
     "do without, or let the policy say so: network = { mode = \"MODE\", connect = [\"OBJECT\"] }, beside "
     "the addresses that stand there",
     "A datagram (sendto, sendmsg, sendmmsg) to an address that is none of the policy's.",
     "error[network-send]: inet:8.8.8.8:53 is sent to, which the policy does not allow\n"
     "  --> #8 lookup_test"},
    {"forbidden-call", Severity::kError, "a system call was tried that no action may make",
     "it could have got out of the sandbox, or hidden from it",
     "do without it; where a program tries it only to see whether it may, allow the finding",
     "Calls that are refused whatever they name: io_uring, keystrokes into a terminal (TIOCSTI), answering "
     "the\n"
     "supervisor's own questions, writes past O_APPEND and what else the policy denies. Signals, ptrace and\n"
     "other processes' memory, in mode enforce, where the process is no part of the action.",
     "error[forbidden-call]: io_uring_setup is tried, which no action may do\n"
     "  --> #4 bench_test"},
    {"limit-hit", Severity::kError, "a limit of the policy ended the action",
     "what it would have made or told is not known", "do less, or raise the limit in the policy",
     "Wall clock, total memory or the number of processes of the whole action: the finding names which, its\n"
     "value and what was measured.",
     "error[limit-hit]: loop_test was ended by a limit: wall clock 10 s\n"
     "  --> #12 loop_test"},
    {"left-over-process", Severity::kError, "a process outlived the command that started it",
     "it goes on beside the actions that come after it, and holds its files and ports",
     "wait for it, or end it, before the command ends",
     "When the first process of the action had ended another one was still there, also where it had made a\n"
     "session of its own. What still ran at the end was ended.",
     "error[left-over-process]: /usr/bin/sleep outlived its command\n"
     "  --> #12 daemon_test"},
    {"sandbox-failed", Severity::kError, "the sandbox of an action could not be set up",
     "the command was not run: there is nothing to be said about it",
     "see `glovebox host` for what this host can do",
     "A step of the set-up failed, and the command was never started. It can never count as passed.",
     "error[sandbox-failed]: landlock_restrict_self: ENOSYS\n"
     "  --> #1 hello.o"},
    // Between tests (cross_tests.h).
    {"test-collision", Severity::kError, "two tests write one path",
     "run at the same time (ctest -j) each of them destroys what the other one relies upon",
     "give each test a file of its own, or RESOURCE_LOCK to both",
     "Two tests created, changed or removed one path, and nothing keeps them from running at once: no\n"
     "DEPENDS, no fixture, no RESOURCE_LOCK that both have, no RUN_SERIAL. Coverage counters (.gcda,\n"
     ".profraw), Python's __pycache__ and compiler caches, which are made to be shared, do not count.",
     "error[test-collision]: /build/out.txt is written by two tests: b and a\n"
     "  --> CMakeLists.txt:14 add_test  #2 b"},
    {"test-order", Severity::kError, "a test reads what another test wrote, and nothing orders them",
     "alone (ctest -R), in another order or beside it the test fails",
     "FIXTURES_SETUP and FIXTURES_REQUIRED, or DEPENDS; or let the test make what it reads",
     "The last one to write the file before this test read it was another test. CTest runs tests in any "
     "order\n"
     "(by cost, with --schedule-random, --rerun-failed) unless a fixture or DEPENDS says more.\n\n"
     "The other way round as well: this test read the file, or looked for it in vain, before another one\n"
     "wrote it. What it read is then older than that test, of an earlier run mostly. Files that an edge\n"
     "makes, sources, and CMake's and Ninja's own do not count, nor two tests with a RESOURCE_LOCK in\n"
     "common. Where nothing was there and the test ended well all the same it is a warning.",
     "error[test-order]: /build/out.txt is read by b and was written by a\n"
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
    // What the graph does not say (edge_inputs.h, edge_outputs.h, edge_states.h).
    {"missing-input", Severity::kError, "an edge reads a source that the build does not know as its input",
     "a change of that file does not make it again: the build goes on with the old one",
     "name it: DEPENDS of add_custom_command, OBJECT_DEPENDS of a source, LINK_DEPENDS of a target",
     "The file is in the source tree (or was made by CMake at configure time), the edge read it, and it is "
     "neither an\n"
     "explicit or implicit input of the edge nor named by its depfile. Order-only inputs do not count: Ninja "
     "does not\n"
     "look at their times. Where an edge before this one names the file, a change makes that one again and "
     "with it this\n"
     "one: then it is a note.",
     "error[missing-input]: gen/config.h is made from src/table.txt, which the build does not know as an "
     "input of it\n"
     "  --> CMakeLists.txt:14 add_custom_command  #5 gen/config.h"},
    {"depfile-under-report", Severity::kError, "an edge reads a file that its depfile does not name",
     "a change of that file does not make it again: the build goes on with the old one",
     "let the tool that writes the depfile name it, or name it by hand: DEPENDS, OBJECT_DEPENDS",
     "The edge has a depfile, Ninja has read it, and this file is not in it, nor among the declared inputs: "
     "`.incbin`, a\n"
     "code generator's templates, a wrapper that writes half of the truth.",
     "error[depfile-under-report]: main.o is made from data.bin, which its depfile does not name\n"
     "  --> CMakeLists.txt:3 add_executable  #5 main.o"},
    {"ordering-violation", Severity::kError,
     "an edge reads what another edge makes, and nothing says that it comes after it",
     "with more jobs, or on another machine, it reads what is not there yet, or half of it",
     "DEPENDS on the file, add_dependencies(), or the generated file among the sources of the target",
     "There is no way in the graph from the edge that makes the file to the edge that reads it, by explicit, "
     "implicit and\n"
     "order-only inputs. That it went well this time was luck.\n\n"
     "Where it did not go well: an edge failed, and had looked in vain for what an edge makes that nothing\n"
     "puts before it. Where it was the directory that was not there, in which compilers then look for\n"
     "nothing, that is a guess, and a warning.",
     "error[ordering-violation]: b.txt reads a.txt, and nothing says that it is made before\n"
     "  --> CMakeLists.txt:9 add_custom_command  #4 b.txt"},
    {"latent-ordering", Severity::kError, "an edge reads what another edge makes, and only its depfile knows",
     "the next build is right, but a clean one may fail: no depfile is there before the first run",
     "add_dependencies(), or the generated file among the sources of the target",
     "As ordering-violation, but the edge's depfile names the file. Ninja goes by depfiles only after the "
     "edge has run\n"
     "once: it does not order a clean build. `ninja -t missingdeps` looks for these alone.",
     "error[latent-ordering]: main.o reads gen/version.h, and nothing says that it is made before\n"
     "  --> CMakeLists.txt:6 add_executable  #7 main.o"},
    {"ordered-undeclared", Severity::kError, "an edge reads what is made before it, but it is no input of it",
     "when that is made anew, this edge is not: the build goes on with the old one",
     "name it: DEPENDS of add_custom_command, OBJECT_DEPENDS of a source; an order-only dependency is not "
     "enough",
     "The order is right, by add_dependencies() or another order-only input, but Ninja looks only at the "
     "times of explicit\n"
     "and implicit inputs and of what a depfile names. What reaches the edge by way of other edges that are "
     "made again is\n"
     "no finding: a library that a generator loads is an input of the generator.",
     "error[ordered-undeclared]: out.txt reads gen.txt, which is made before it but is no input of it\n"
     "  --> CMakeLists.txt:11 add_custom_command  #4 out.txt"},
    {"observed-cycle", Severity::kError, "an edge reads what can only be made after it",
     "it reads what the last build left there, and a clean build has nothing",
     "take the reading out, or turn the dependency round",
     "The edge that makes the file is declared to come after the edge that reads it: the declared graph and "
     "the reads\n"
     "together have a cycle, which no order can satisfy.",
     "error[observed-cycle]: cache.txt is read by what must be made before it: cache.txt needs list.txt\n"
     "  --> CMakeLists.txt:8 add_custom_command  #3 list.txt"},
    {"dead-output-read", Severity::kError,
     "an edge reads what an earlier build made and no edge makes any more",
     "a clean build fails, or is made from another file of that name",
     "take the reading out, or bring back the rule that made it; `ninja -t cleandead` removes such files",
     "Ninja's log knows the file as an output, the manifest does not.",
     "error[dead-output-read]: report.txt reads old.txt, which an earlier build made and no edge makes any "
     "more\n"
     "  --> CMakeLists.txt:8 add_custom_command  #3 report.txt"},
    {"missing-output", Severity::kError, "an edge ends well and does not make what it is declared to make",
     "Ninja runs it in each build, and whatever needs the file fails or takes an old one",
     "make the file, or take it out of OUTPUT; a command without a result is add_custom_target()",
     "The declared output is not there after the edge has succeeded, and nobody took it away. An edge that "
     "leaves a file\n"
     "as it is (restat) has made it. CMake's own targets, whose names are no files, do not count.",
     "error[missing-output]: stamp.txt ends well and does not make stamp.txt, which it is declared to\n"
     "  --> CMakeLists.txt:8 add_custom_command  #3 stamp.txt"},
    {"undeclared-output", Severity::kWarning, "an edge makes a file that it does not declare",
     "nobody can depend on it, `clean` leaves it, and a cache or another machine does not bring it",
     "BYPRODUCTS of add_custom_command, or write it to a temporary place and remove it",
     "A file was made in the build directory and is still there, and it is no output of the edge, no depfile "
     "and no\n"
     "response file. An error where another edge reads it, also where its depfile names it: Ninja does not "
     "know how "
     "to make it again,\n"
     "and looks at its time before the edge has run, so that a change of it comes one build late. Python's "
     "byte "
     "code, coverage\n"
     "counts, caches and what a build inside the edge (ExternalProject) or CMake's AUTOGEN keeps for itself "
     "do not "
     "count.\n\n"
     "Declared alone, the file would be one that its readers do not depend on: where the lines of all are\n"
     "known and make one edge each, the repair names what has to come with it, and --fix writes both or\n"
     "none.",
     "warning[undeclared-output]: gen.c makes gen.log without saying so\n"
     "  --> CMakeLists.txt:8 add_custom_command  #3 gen.c"},
    {"double-write", Severity::kError, "two edges write one file",
     "what stands in it depends on who came last", "let one edge make it, or give each a file of its own",
     "Both changed the file's content or name, and it is there afterwards. Where neither is declared to come "
     "before the\n"
     "other they may do so at once; where they are in order, the first one's result is not what its "
     "consumers get, and an\n"
     "incremental build of the first one alone loses what the second one did.",
     "error[double-write]: b.txt and a.txt both write log.txt, and may do so at once\n"
     "  --> CMakeLists.txt:9 add_custom_command  #4 b.txt"},
    {"temp-collision", Severity::kError, "two edges that may run at once use one temporary name",
     "each can read, or remove, what the other one has written",
     "mktemp, or a name that has the output's name in it",
     "The path was written by both, and it is a temporary one: below a temporary directory, or gone again "
     "afterwards.",
     "error[temp-collision]: b.txt and a.txt both write tmp.out, and may do so at once\n"
     "  --> CMakeLists.txt:9 add_custom_command  #4 b.txt"},
    {"source-mutation", Severity::kError, "an edge writes into the source tree",
     "the next build is made from other sources, and a read-only checkout fails",
     "write below the build directory (CMAKE_CURRENT_BINARY_DIR)",
     "Made or changed below the source directory and not below the build directory. Where both are one "
     "directory nothing\n"
     "can be told. Python's __pycache__ does not count.",
     "error[source-mutation]: gen.h makes src/gen.h in the source tree\n"
     "  --> CMakeLists.txt:9 add_custom_command  #4 gen.h"},
    {"write-after-read", Severity::kError, "an edge changes what another edge reads, in no order",
     "the reader gets the old content or the new one, as it happens",
     "let the changing edge declare the file as its output, and the reader depend on it; or work on a copy",
     "The file is no edge's declared output, one edge read it and another one changed or removed it, and "
     "neither is\n"
     "declared to come before the other.",
     "error[write-after-read]: b.txt changes conf.txt, which a.txt reads, before or after it\n"
     "  --> CMakeLists.txt:9 add_custom_command  #4 b.txt"},
    {"foreign-removal", Severity::kError, "an edge takes away what another edge makes",
     "what needs the file fails, and Ninja makes it again in the next build",
     "leave it, or let the edge that makes it remove it",
     "The file is the declared output of another edge, and this one removed it or gave it another name.",
     "error[foreign-removal]: b.txt takes away a.txt, which a.txt makes\n"
     "  --> CMakeLists.txt:9 add_custom_command  #4 b.txt"},
    {"shadowing-write", Severity::kWarning,
     "an edge looks for a file in vain that another edge makes, in no order",
     "once it is there it is found first: the next build takes another header than this one",
     "let the edge depend on the file, or make it where nobody looks for another",
     "The name was absent when the edge looked for it (an earlier directory of the include path), another "
     "edge made it,\n"
     "and neither is declared to come before the other. So it is where the directory itself was not there "
     "yet,\n"
     "and the edge took a file of that name from elsewhere.",
     "warning[shadowing-write]: main.o looks for gen/config.h in vain, and gen/config.h makes it, before or "
     "after\n"
     "  --> CMakeLists.txt:6 add_executable  #7 main.o"},
    {"enumeration", Severity::kWarning, "an edge lists a directory that another edge changes, in no order",
     "the list has the new name or not, as it happens",
     "depend on what is made there, or list a directory that nobody writes to",
     "The edge asked for the entries of the directory, and another edge, which is not declared to come "
     "before or after it,\n"
     "made a file there or took one away.",
     "warning[enumeration]: list.txt lists parts, in which parts/b.txt makes b.txt, before or after\n"
     "  --> CMakeLists.txt:6 add_custom_command  #7 list.txt"},
    {"perpetual-dirty", Severity::kError, "an edge is never up to date",
     "each build runs it again, and all that comes after it",
     "make the output newer than its inputs: write it, or touch it; or restat, where nothing has changed",
     "Asked right after the build, Ninja would run the edge again, although nothing was touched meanwhile. "
     "Custom targets,\n"
     "and what is made after them, run in each build on purpose and do not count.",
     "error[perpetual-dirty]: out.txt is never up to date: it is older than its input in.txt\n"
     "  --> CMakeLists.txt:6 add_custom_command  #7 out.txt"},
    {"generator-escape", Severity::kWarning,
     "CMake reads a file at configure time that the build does not know",
     "a change of that file does not configure again",
     "set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS FILE), or configure_file() and "
     "include(), which do it",
     "CMake ran as an edge of this build (its inputs had changed), or below `glovebox cmake`, and read a "
     "file of the source\n"
     "tree that build.ninja's own edge does not name: file(READ), file(STRINGS), execute_process(). Below "
     "`glovebox "
     "cmake`\n"
     "also a file of somebody's own, and a directory of the source tree that was listed, file(GLOB) without\n"
     "CONFIGURE_DEPENDS: what comes or goes there is not in the build before somebody configures again.",
     "warning[generator-escape]: CMake reads VERSION when it configures, and does not run again when that "
     "changes\n"
     "  --> build.ninja"},
    {"depfile-over-report", Severity::kNote, "a depfile names a file that the edge does not read",
     "a change of that file makes it again without need",
     "let the tool that writes the depfile name what it reads",
     "With a precompiled header the depfile names the headers that went into it: they are not read again.",
     "note[depfile-over-report]: main.o does not read unused.h, which its depfile names\n"
     "  --> CMakeLists.txt:6 add_executable  #7 main.o"},
    {"redundant-input", Severity::kNote, "a declared input that the edge never looks at",
     "a change of that file makes it again without need", "take it out of DEPENDS",
     "An explicit or implicit input that was neither read nor run nor looked at. Some are there for the "
     "order alone:\n"
     "an order-only dependency (add_dependencies) says so better.",
     "note[redundant-input]: out.txt does not read other.txt, which it is declared to need\n"
     "  --> CMakeLists.txt:6 add_custom_command  #7 out.txt"},
    {"order-only", Severity::kNote, "only the order of targets brings a generated file before its readers",
     "whoever takes that order away (another link, CMAKE_OPTIMIZE_DEPENDENCIES) makes a race of it",
     "nothing, where it is the target's own file; else add_dependencies(), or the file among the target's "
     "sources",
     "A depfile names the file, so that a change of it makes the readers again. That it is there in a clean "
     "build\n"
     "is due to order-only inputs behind a phony name: CMake's cmake_object_order_depends_target_NAME, "
     "which\n"
     "reaches through target_link_libraries() and hides what no target says itself. In a build that is "
     "configured\n"
     "with -DCMAKE_OPTIMIZE_DEPENDENCIES=ON less of it is left, and what needs more is latent-ordering.",
     "note[order-only]: gen.h is made before 12 edges that read it by order-only inputs alone: main.o and 11 "
     "more\n"
     "  --> CMakeLists.txt:6 add_executable  #7 main.o"},
    {"nondeterminism-source", Severity::kNote,
     "an edge reads what says another thing each time or on each machine",
     "two builds of the same sources may differ",
     "do without it, or let SOURCE_DATE_EPOCH, a fixed seed or a fixed name stand in for it",
     "/dev/urandom, the machine id, the host name, uptime and the like. The clock and getrandom() are system "
     "calls that\n"
     "no file stands for: they are not seen.",
     "note[nondeterminism-source]: id.txt reads /etc/machine-id, which says another thing each time or on "
     "each machine\n"
     "  --> CMakeLists.txt:6 add_custom_command  #7 id.txt"},
    {"trace-incomplete", Severity::kError, "not all of what an edge did was seen", "nobody can call it clean",
     "see the hole's own words; `glovebox host` says what this host can do",
     "A hole in the record: a foreign ABI, memory that could not be read, a supervisor that was lost. The "
     "edge is\n"
     "incomplete.",
     "error[trace-incomplete]: not all of what a.txt does was seen: i386:open\n"
     "  --> CMakeLists.txt:6 add_custom_command  #7 a.txt"},
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
