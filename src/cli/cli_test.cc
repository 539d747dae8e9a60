// The real binary, as a person and as a launcher call it.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

TEST_F(Cli, UsageErrorsAreOneLineAndExitWith2) {
  const std::vector<std::string> cases[] = {
      {"nonsense"},
      {"--nonsense"},
      {"run"},
      {"run", "--"},
      {"run", "--nonsense", "--", "true"},
      {"run", "--level", "half", "--", "true"},
      {"run", "--limit", "FOO=1", "--", "true"},
      {"run", "--limit", "NOFILE=x", "--", "true"},
      {"run", "--drop-cap", "cap_nonsense", "--", "true"},
      {"run", "--log"},
      {"explain"},
      {"explain", "a", "b"},
      {"report", "surplus"},
      {"log"},
      {"run", "--role", "king", "--", "true"},
  };
  for (const auto& arguments : cases) {
    const Outcome outcome = Run(arguments);
    const std::string shown = testing::PrintToString(arguments);
    EXPECT_EQ(outcome.exit(), 2) << shown;
    EXPECT_EQ(outcome.out, "") << shown;
    EXPECT_TRUE(absl::StartsWith(outcome.err, "glovebox: ")) << shown << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST_F(Cli, ABoundThatIsNoneIsAUsageErrorThatSaysWhatWouldBeOne) {
  const std::pair<std::vector<std::string>, const char*> bad[] = {
      {{"--wall-clock", "10d"}, "--wall-clock: time \"10d\" has \"d\" where h, m, s or ms may stand"},
      {{"--total-memory", "lots"}, "--total-memory: size \"lots\" is no number (as in \"512M\""},
      {{"--total-processes", "0"}, "--total-processes: \"0\" is no number of processes (as in 64)"},
      {{"--wall-clock="}, "--wall-clock"},
  };
  for (const auto& [options, why] : bad) {
    std::vector<std::string> words = {"run"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "true"});
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.exit(), 2) << why;
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }
}

TEST_F(Cli, WhatABoundEndsIsSaidInOneLineAndIsNoSuccess) {
  const Outcome killed =
      Run({"run", "-q", "--wall-clock", "200ms", "--", "sh", "-c", "trap '' TERM; sleep 1000; exit 0"});
  EXPECT_TRUE(WIFSIGNALED(killed.wait_status));
  EXPECT_EQ(WTERMSIG(killed.wait_status), SIGKILL);
  EXPECT_EQ(killed.err, "glovebox: ended by its limit: wall clock 200 ms\n");

  const Outcome report = Run({"report", "--json"});
  const json action = json::parse(report.out)["actions"][0];
  EXPECT_EQ(action["limit"], "wall clock 200 ms");
  EXPECT_EQ(action["measured"], "");

  const Outcome good = Run({"run", "-q", "--wall-clock", "60s", "--total-memory", "4G", "--total-processes",
                            "1000", "--", "sh", "-c", "exit 0"});
  EXPECT_EQ(good.exit(), 0);
  EXPECT_EQ(good.err, "");
}

TEST_F(Cli, AloneItPrintsItsHelpAndExitsWith2) {
  const Outcome outcome = Run({});
  EXPECT_EQ(outcome.exit(), 2);
  EXPECT_THAT(outcome.err, HasSubstr("explain"));
}

TEST_F(Cli, HelpAndVersionAreNoErrors) {
  EXPECT_THAT(Run({"--version"}).out, HasSubstr("glovebox "));
  EXPECT_THAT(Run({"explain", "--help"}).out, HasSubstr("an address"));
  EXPECT_THAT(Run({"run", "--help"}).out, HasSubstr("dynamic programs can die of it"));
  for (const char* command : {"run", "report", "explain", "log", "host", "syscalls", "cmake-scan"}) {
    const Outcome outcome = Run({command, "--help"});
    EXPECT_EQ(outcome.exit(), 0);
    EXPECT_THAT(outcome.out, HasSubstr("Usage: ")) << command;
  }
}

TEST_F(Cli, WhatIsNotThereExitsWith1AndSaysWhatToDo) {
  const Outcome none = Run({"report"});
  EXPECT_EQ(none.exit(), 1);
  EXPECT_THAT(none.err, HasSubstr("glovebox-ninja"));
  EXPECT_EQ(Run({"report", "-C", Path("nowhere")}).exit(), 1);
  EXPECT_EQ(Run({"report", "--log", Path("state")}).exit(), 1);
  EXPECT_EQ(Run({"log", "dump"}).exit(), 1);
  EXPECT_EQ(Run({"cmake-scan", Path("build")}).exit(), 1);
  ASSERT_EQ(Run({"run", "-q", "--", "true"}).exit(), 0);
  const Outcome nobody = Run({"explain", "/no/such/file"});
  EXPECT_EQ(nobody.exit(), 1);
  EXPECT_THAT(nobody.err, HasSubstr("nothing in this run touched"));
  const Outcome number = Run({"explain", "#999"});
  EXPECT_EQ(number.exit(), 1);
  EXPECT_THAT(number.err, HasSubstr("there is no action #999: this run has 1 action, the last one is #1"));
}

TEST_F(Cli, AScanSaysOnceThatABuildWasConfiguredWithoutGlovebox) {
  const std::string rules = "rule cc\n  command = $launch cc $in\nbuild a.o: cc a.c\nbuild b.o: cc b.c\n";
  ASSERT_OK(WriteFile(Path("build/build.ninja"), rules));
  const Outcome without = Run({"cmake-scan"});
  EXPECT_EQ(without.exit(), 0) << without.err;
  EXPECT_TRUE(absl::StartsWith(without.out,
                               "2 commands, 0 wrapped by glovebox-launch\n"
                               "Glovebox is not enabled in this build directory: "))
      << without.out;
  EXPECT_EQ(std::count(without.out.begin(), without.out.end(), '\n'), 2) << without.out;
  ASSERT_OK(WriteFile(Path("build/build.ninja"), rules + "  launch = /bin/glovebox-launch --\n"));
  const Outcome with = Run({"cmake-scan"});
  EXPECT_THAT(with.out, HasSubstr("2 commands, 1 wrapped"));
  EXPECT_THAT(with.out, HasSubstr("a.o  own-property: "));
  EXPECT_THAT(with.out, Not(HasSubstr("not enabled")));
  EXPECT_THAT(Run({"cmake-scan", "/nonexistent"}).err, Not(HasSubstr("cmake -B")));
}

TEST_F(Cli, AScanAdvisesMesonsUserWhatMesonCanDo) {
  ASSERT_OK(WriteFile(Path("build/build.ninja"), "rule cc\n  command = cc $in\nbuild a.o: cc a.c\n"));
  ASSERT_OK(MakeDirectories(Path("build/meson-info")));
  ASSERT_OK(WriteFile(Path("build/meson-info/meson-info.json"),
                      R"({"directories": {"source": "/s", "build": "/b", "info": "/b/meson-info"}})"));
  const Outcome scan = Run({"cmake-scan"});
  EXPECT_EQ(scan.exit(), 0) << scan.err;
  EXPECT_THAT(scan.out, HasSubstr("Build it with glovebox-ninja"));
  EXPECT_THAT(scan.out, Not(HasSubstr("CMAKE_")));
}

TEST_F(Cli, StreamsAreTheCommandsOwnAndTheReportGoesToStderr) {
  const Outcome outcome = Run({"run", "--", "sh", "-c", "printf 'o\\0ut'; printf err >&2; exit 7"});
  EXPECT_EQ(outcome.exit(), 7);
  EXPECT_EQ(outcome.out, std::string("o\0ut", 4));
  EXPECT_TRUE(absl::StartsWith(outcome.err, "errglovebox: 1 action seen in full: ")) << outcome.err;
  const Outcome quiet = Run({"run", "--quiet", "--", "sh", "-c", "printf err >&2"});
  EXPECT_EQ(quiet.err, "err");
}

TEST_F(Cli, DiesByTheSignalThatKilledTheCommand) {
  for (const int signal : {SIGTERM, SIGKILL, SIGSEGV}) {
    const Outcome outcome = Run({"run", "-q", "--", "sh", "-c", absl::StrCat("kill -", signal, " $$")});
    EXPECT_TRUE(WIFSIGNALED(outcome.wait_status)) << signal;
    EXPECT_EQ(WTERMSIG(outcome.wait_status), signal);
    EXPECT_EQ(Report()["actions"][0]["status"], signal);
  }
}

TEST_F(Cli, ASetUpThatFailsExitsWithItsErrno) {
  const Outcome outcome = Run({"run", "--", "/no/such/program"});
  EXPECT_EQ(outcome.exit(), ENOENT);
  EXPECT_THAT(outcome.err, HasSubstr("cannot run /no/such/program: No such file or directory"));
  const json action = Report()["actions"][0];
  EXPECT_EQ(action["end"], "sandbox-failed");
  EXPECT_EQ(action["complete"], false);
}

// As execvp: only a search along PATH passes over what is not there.
TEST_F(Cli, ASetUpThatFailsSaysSoOnStandardErrorAlsoWithATerminal) {
  const std::string program = "/no/\x1b\n" + std::string(600, 'x');
  const Outcome bare = Run({"run", "--quiet", "--", program});
  const Outcome outcome = Run({"run", "--quiet", "--pty", "--", program});
  EXPECT_EQ(outcome.exit(), ENOENT);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("x: No such file or directory\n"));
  EXPECT_EQ(outcome.err, bare.err);
}

TEST_F(Cli, ATerminalOfTheCommandGivesTheEndOfInputAndTakesTheOutput) {
  const auto shell = [this](const std::string& line) { return Run({"-c", line}, "/bin/sh"); };
  const std::string run = absl::StrCat(GLOVEBOX_PROGRAM, " run --quiet --pty -- timeout 20 ");
  // The input is echoed as well.
  EXPECT_THAT(shell(absl::StrCat("printf abc | ", run, "sh -c 'cat | tr a-z A-Z'")).out, HasSubstr("ABC"));
  for (const char* stdin_of : {"</dev/null", "<&-", "</"}) {
    const Outcome outcome = shell(absl::StrCat(run, "sh -c 'cat; echo end; exit 3' ", stdin_of));
    EXPECT_EQ(outcome.out, "end\r\n") << stdin_of;
    EXPECT_EQ(outcome.exit(), 3) << stdin_of;
  }
  EXPECT_EQ(shell(absl::StrCat(run, "sh -c 'head -c 100000 /dev/zero; exit 3' >&-")).exit(), 3);
}

TEST_F(Cli, AProgramWithASlashFailsWithItsOwnErrno) {
  ASSERT_OK(WriteFile(Path("build/file"), ""));
  const Outcome below = Run({"run", "-q", "--", "./file/x"});
  EXPECT_EQ(below.exit(), ENOTDIR);
  EXPECT_EQ(below.err, "glovebox: cannot run ./file/x: Not a directory\n");
  EXPECT_EQ(Run({"run", "-q", "--", "./file"}).exit(), EACCES);
  const auto search = [this](const char* path, const char* program) {
    return Run({path, GLOVEBOX_PROGRAM, "run", "-q", "--", program}, "/usr/bin/env");
  };
  EXPECT_EQ(search("PATH=file:/nowhere:/usr/bin:/bin", "true").exit(), 0);
  EXPECT_EQ(search("PATH=/nowhere:file", "true").exit(), ENOENT);
  EXPECT_EQ(search("PATH=.:/nowhere", "file").exit(), EACCES);
}

TEST_F(Cli, AFailedSetUpIsOneLineThatATerminalOnlyShows) {
  for (const std::string program : {"./a\nb\x1b[31m", "/no/\xff\\\t\xc2\x9b", "./\xc3\xa9\xe2\x82"}) {
    const std::string line =
        absl::StrCat("glovebox: cannot run ", EscapeBytes(program), ": No such file or directory\n");
    EXPECT_EQ(Run({"run", "-q", "--", program}).err, line);
  }
  // A launcher that becomes CMake's own target speaks for itself.
  const Outcome launched = Run({"--role=custom", "--target=install", "--", "./no\n"}, GLOVEBOX_LAUNCH);
  EXPECT_EQ(launched.err, "glovebox: cannot run ./no\\n: No such file or directory\n");
}

TEST_F(Cli, AStepThatThisHostCouldNotDoIsInTheReportWithItsReason) {
  const Outcome run = Run({"layers", GLOVEBOX_PROGRAM, "run", "-q", "--", "true"}, GLOVEBOX_TRACE_PROBE);
  if (run.exit() == 99) GTEST_SKIP() << "this kernel has no Landlock scopes";
  ASSERT_EQ(run.exit(), 0) << run.err;
  const json report = Report();
  ASSERT_EQ(report["skipped"].size(), 1u);
  EXPECT_THAT(report["skipped"][0].get<std::string>(), HasSubstr("E2BIG, 16 Landlock layers"));
  EXPECT_EQ(report["actions"][0]["complete"], true);
  EXPECT_EQ(report["actions"][0]["step"], "");
  EXPECT_THAT(Run({"report"}).out, HasSubstr("This host could not do"));
}

// Else the lock, the log or a socket gets their numbers, and messages go into it.
TEST_F(Cli, ClosedStandardStreamsAreNobodyElses) {
  for (const char* closed : {">&-", "2>&-", "<&- >&- 2>&-"}) {
    const std::string log = Path("log");
    std::filesystem::remove_all(log);
    const std::string start = absl::StrCat("exec ", GLOVEBOX_PROGRAM, " run --log ", log, " -- ");
    EXPECT_EQ(Run({"-c", absl::StrCat(start, "/no/such/program ", closed)}, "/bin/sh").exit(), ENOENT)
        << closed;
    const json report = Report({"--log", log});
    EXPECT_EQ(report["tears"].size(), 0u) << closed << report["tears"];
    EXPECT_EQ(report["actions"][0]["end"], "sandbox-failed") << closed;
  }
  const std::string open = "for fd in 0 1 2; do test -e /proc/self/fd/$fd && exit 1; done; exit 0";
  EXPECT_EQ(Run({"-c", absl::StrCat("exec ", GLOVEBOX_PROGRAM, " run -q -- sh -c '", open, "' <&- >&- 2>&-")},
                "/bin/sh")
                .exit(),
            0);
}

TEST_F(Cli, ARunIsReportedAndExplained) {
  ASSERT_OK(WriteFile(Path("build/in.txt"), "x"));
  ASSERT_EQ(
      Run({"run", "-q", "--", "sh", "-c", "cat in.txt > out.txt; cat missing.txt 2>/dev/null; true"}).exit(),
      0);
  const Outcome text = Run({"report"});
  EXPECT_EQ(text.exit(), 0);
  EXPECT_THAT(text.out, HasSubstr("The one action was seen in full."));
  EXPECT_THAT(text.out, HasSubstr("Network: none"));
  EXPECT_THAT(text.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text.out, Not(HasSubstr("Written outside")));
  const json report = Report();
  EXPECT_EQ(FileOf(report, Path("build/out.txt"))["fate"], "created");
  EXPECT_EQ(FileOf(report, Path("build/in.txt"))["what"], json({"read"}));
  EXPECT_EQ(FileOf(report, Path("build/missing.txt"))["what"], json({"absent"}));
  const Outcome in = Run({"explain", "in.txt"});
  EXPECT_EQ(in.exit(), 0) << in.err;
  EXPECT_THAT(in.out, HasSubstr("read by 1 action, written by nobody"));
  EXPECT_THAT(Run({"explain", "-C", Path("build"), "#1"}).out, HasSubstr("created       out.txt"));
  const Outcome dump = Run({"log", "dump"});
  EXPECT_EQ(dump.exit(), 0);
  EXPECT_THAT(dump.out, HasSubstr("out.txt\""));
  EXPECT_THAT(dump.out, HasSubstr("run ended, exit status 0"));
}

TEST_F(Cli, OddNamesSurviveFromTheCallToTheReport) {
  // 4,095 bytes are the longest path that the kernel takes; names of 255 bytes.
  std::string deep = Path("build");
  const std::string part(200, 'd');
  while (deep.size() + 1 + part.size() <= 4040) {
    absl::StrAppend(&deep, "/", part);
    ASSERT_OK(MakeDirectories(deep));
  }
  absl::StrAppend(&deep, "/", std::string(4095 - deep.size() - 1, 'f'));
  ASSERT_EQ(deep.size(), 4095u);
  const std::string names[] = {Path("build/new\nline"),   Path("build/\xff\xfe"),    Path("build/\x1b[31m"),
                               Path("build/ta\tb \"q\""), Path("build/back\\slash"), deep};
  std::vector<std::string> command = {"run", "-q", "--", "touch"};
  for (const std::string& name : names) command.push_back(name);
  ASSERT_EQ(Run(command).exit(), 0);
  const json report = Report();
  const Outcome text = Run({"report", "--all"});
  for (const char c : text.out) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  for (const std::string& name : names) {
    const json file = FileOf(report, name);
    ASSERT_FALSE(file.is_null()) << EscapeBytes(name);
    EXPECT_EQ(file["fate"], "created");
    EXPECT_EQ(file.contains("path_bytes"), !IsUtf8(name));
    for (const std::string& spelled : {name, EscapeBytes(name)}) {
      const Outcome explained = Run({"explain", "--", spelled});
      EXPECT_EQ(explained.exit(), 0) << explained.err;
      EXPECT_THAT(explained.out, HasSubstr(EscapeBytes(name)));
    }
  }
}

TEST_F(Cli, NamesInErrorsAndInTheOneLineAreEscapedOnce) {
  const Outcome one = Run({"run", "--log", Path("a b/l g\n"), "--", "/no/such\n\\"});
  EXPECT_THAT(one.err, HasSubstr(absl::StrCat(" - report: glovebox report --log $'", Path("a b/l g\\n'\n"))));
  EXPECT_THAT(one.err, HasSubstr("#1 $'/no/such\\n\\\\': "));
  EXPECT_THAT(Run({"run", "--limit", "NO\n\\=1", "--", "true"}).err,
              HasSubstr("no limit is called 'NO\\n\\\\';"));
  ASSERT_EQ(Run({"run", "-q", "--", "touch", "deepfile\n\xff"}).exit(), 0);
  const Outcome near = Run({"explain", "deepfile\n\\"});
  EXPECT_EQ(near.exit(), 1);
  EXPECT_THAT(near.err,
              HasSubstr(absl::StrCat("made deepfile\\n\\\\; near it: ", Path("build/deepfile\\n\\xff;"))));
}

TEST_F(Cli, LevelFullSeesLooksAndLevelOpenDoesNot) {
  ASSERT_OK(WriteFile(Path("build/looked"), ""));
  ASSERT_EQ(Run({"run", "-q", "--", "sh", "-c", "test -e looked"}).exit(), 0);
  EXPECT_TRUE(FileOf(Report(), Path("build/looked")).is_null());
  EXPECT_THAT(Run({"explain", "looked"}).err, HasSubstr("at level open"));
  ASSERT_EQ(Run({"run", "-q", "--level", "full", "--", "sh", "-c", "test -e looked"}).exit(), 0);
  EXPECT_EQ(FileOf(Report(), Path("build/looked"))["what"], json({"looked"}));
}

TEST_F(Cli, LevelFullGivesAProgramThatAsksForTrueNamesTheLibraryAndLevelStrictDoesNot) {
  EXPECT_EQ(Run({"run", "-q", "--level", "full", "--", GLOVEBOX_SHIM_PROBE, "loaded", "-"}).exit(), 0);
  for (const char* level : {"strict", "open"}) {
    EXPECT_NE(Run({"run", "-q", "--level", level, "--", GLOVEBOX_SHIM_PROBE, "loaded", "-"}).exit(), 0);
  }
  ASSERT_OK(WriteFile(Path("build/looked"), ""));
  ASSERT_EQ(Run({"run", "-q", "--level", "strict", "--", "sh", "-c", "test -e looked"}).exit(), 0);
  EXPECT_EQ(FileOf(Report(), Path("build/looked"))["what"], json({"looked"}));
}

TEST_F(Cli, ALogCanBeKeptElsewhere) {
  ASSERT_EQ(Run({"run", "-q", "--log", Path("mylog"), "--", "true"}).exit(), 0);
  EXPECT_EQ(Report({"--log", Path("mylog")})["totals"]["actions"], 1);
  EXPECT_EQ(Run({"report"}).exit(), 1);  // nothing was recorded for this directory
}

TEST_F(Cli, ATornLogIsReadUpToTheTearAndSaidToBe) {
  ASSERT_EQ(Run({"run", "-q", "--log", Path("mylog"), "--", "sh", "-c", "cat /dev/null"}).exit(), 0);
  ASSERT_EQ(std::system(absl::StrCat("truncate -s -40 ", Path("mylog"), "/*.gbx").c_str()), 0);
  const json report = Report({"--log", Path("mylog")});
  ASSERT_EQ(report["tears"].size(), 1u);
  EXPECT_GT(report["tears"][0]["offset"], 0);
  EXPECT_THAT(Run({"report", "--log", Path("mylog")}).out, HasSubstr("The log is damaged in 1 place"));
  EXPECT_EQ(Run({"log", "dump", "--log", Path("mylog")}).exit(), 1);
}

TEST_F(Cli, ALogThatIsBeingWrittenIsNotCalledTorn) {
  const Outcome dump = Run(
      {"run", "-q", "--log", Path("mylog"), "--", GLOVEBOX_PROGRAM, "log", "dump", "--log", Path("mylog")});
  EXPECT_EQ(dump.exit(), 0) << dump.err;
  EXPECT_THAT(dump.out, HasSubstr("#1 begin run"));
  EXPECT_THAT(dump.err, HasSubstr("goes on: run-"));
  EXPECT_THAT(dump.err, Not(HasSubstr("torn")));
}

TEST_F(Cli, JsonGoesToStderrBesideTheCommandsStdout) {
  const Outcome outcome = Run({"run", "--json", "--", "echo", "hi"});
  EXPECT_EQ(outcome.out, "hi\n");
  EXPECT_EQ(json::parse(outcome.err, nullptr, false)["format"], "glovebox-report");
  // --quiet is about the line; a report that was asked for is not chatter.
  const Outcome quiet = Run({"run", "--json", "--quiet", "--", "echo", "hi"});
  EXPECT_EQ(json::parse(quiet.err, nullptr, false)["format"], "glovebox-report") << quiet.err;
}

TEST_F(Cli, AFullDiskIsOneErrorOfEverySubcommandThatPrints) {
  ASSERT_OK(WriteFile(Path("build/build.ninja"), ""));
  ASSERT_EQ(Run({"run", "-q", "--", "cat", "/dev/null"}).exit(), 0);
  for (const char* arguments : {"--help", "--version", "run --help", "host", "host --json", "syscalls",
                                "cmake-scan .", "report", "report --json", "explain /dev/null", "log dump",
                                "run --explain -- true", "run --export x -- true"}) {
    const Outcome outcome =
        Run({"-c", absl::StrCat(GLOVEBOX_PROGRAM, " ", arguments, " > /dev/full")}, "/bin/sh");
    EXPECT_TRUE(outcome.exit() == 1 || (absl::StartsWith(arguments, "host") && outcome.exit() == 3))
        << arguments << ": " << outcome.exit();
    EXPECT_EQ(outcome.err, "glovebox: cannot write to standard output: ENOSPC\n") << arguments;
  }
}

TEST_F(Cli, AClosedStandardOutputIsAnErrorOnlyOfWhatIsPrintedThere) {
  EXPECT_EQ(Run({"-c", absl::StrCat(GLOVEBOX_PROGRAM, " syscalls >&-")}, "/bin/sh").exit(), 1);
  EXPECT_EQ(Run({"-c", absl::StrCat(GLOVEBOX_PROGRAM, " run -q -- true >&-")}, "/bin/sh").exit(), 0);
}

TEST_F(Cli, LimitsReachTheCommand) {
  EXPECT_EQ(Run({"run", "-q", "--limit", "NOFILE=77", "--", "sh", "-c", "ulimit -n"}).out, "77\n");
  EXPECT_EQ(Run({"run", "-q", "--limit", "CORE=0", "--restrict-prlimit", "--", "sh", "-c", "ulimit -c"}).out,
            "0\n");
}

TEST_F(Cli, EnvironmentRulesReachTheCommand) {
  setenv("CLI_TEST_GONE", "1", 1);
  const Outcome outcome = Run({"run", "-q", "--env=-CLI_TEST_GONE", "--env", "+CLI_TEST_NEW=a b", "--", "sh",
                               "-c", "echo ${CLI_TEST_GONE-gone} $CLI_TEST_NEW ${GLOVEBOX_STATE_DIR-none}"});
  unsetenv("CLI_TEST_GONE");
  EXPECT_EQ(outcome.out, "gone a b none\n");
}

TEST_F(Cli, HostAndSyscallsAreToldInTextAndJson) {
  const json host = json::parse(Run({"host", "--json"}).out, nullptr, false);
  EXPECT_TRUE(host["seccomp_notify"].is_boolean());
  EXPECT_THAT(Run({"host"}).out, HasSubstr("landlock_abi"));
  EXPECT_THAT(Run({"host"}).out, Not(HasSubstr(" -1\n")));
  EXPECT_THAT(Run({"syscalls"}).out, HasSubstr("openat2"));
}

TEST_F(Cli, WithTheProcOfAnotherPidNamespaceNothingIsRunAndExitIs3) {
  const char* const unshare = "/usr/bin/unshare";
  const std::string how = geteuid() == 0 ? "-pf" : "-Urpf";
  if (Run({how, "/bin/true"}, unshare).exit() != 0) GTEST_SKIP() << "no pid namespaces here";
  const Outcome run = Run({how, GLOVEBOX_PROGRAM, "run", "--", "/bin/echo", "ran"}, unshare);
  EXPECT_EQ(run.exit(), 3) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("unshare --mount-proc"));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1);
  const Outcome host = Run({how, GLOVEBOX_PROGRAM, "host", "--json"}, unshare);
  EXPECT_EQ(host.exit(), 3);
  EXPECT_EQ(json::parse(host.out, nullptr, false)["foreign_proc"], true);
  EXPECT_THAT(host.err, HasSubstr("unshare --mount-proc"));
}

}  // namespace
}  // namespace glovebox::cli
