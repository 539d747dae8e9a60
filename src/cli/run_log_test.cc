// `glovebox run` and what becomes of the place of its log.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <filesystem>

#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

namespace fs = std::filesystem;

class RunLog : public Cli {
 protected:
  // The folder of the directory "build", and in it a run that has ended.
  std::string MadeBefore() {
    EXPECT_EQ(Run({"run", "-q", "--", "true", "old"}).exit(), 0);
    return fs::directory_iterator(Path("state"))->path();
  }
  Outcome Shell(const std::string& state, const std::string& script) {
    return Run({"run", "--", "sh", "-c",
                absl::StrCat("B=", state, "; r=$(readlink -f $B/latest); ", script, "; exit 7")});
  }
};

TEST_F(RunLog, ALogThatItsCommandTookAwayIsReportedAsLost) {
  const std::string state = MadeBefore();
  const std::string old = fs::canonical(state + "/latest").filename();
  for (const std::string& script : {
           absl::StrCat("rm -rf $r; cp -a $B/", old, " $r"),
           absl::StrCat("rm -rf $r/*; cp -a $B/", old, "/* $r"),
           std::string("rm -rf $r"),
           std::string("mv $r $B/hidden"),
       }) {
    const Outcome outcome = Shell(state, script);
    EXPECT_EQ(outcome.exit(), 7) << "as the command: " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("while the command ran: what it touched is not known\n"));
    EXPECT_THAT(outcome.err, HasSubstr("1 action, 1 incomplete"));
    const json report = Report();
    EXPECT_EQ(report["run"]["command"][0], "sh") << script;
    EXPECT_FALSE(report["actions"][0]["complete"].get<bool>()) << script;
    fs::remove_all(state + "/hidden");
  }
}

TEST_F(RunLog, LatestLeadsToTheRunWhateverItsCommandDidToIt) {
  const std::string state = MadeBefore();
  const std::string old = fs::canonical(state + "/latest").filename();
  for (const std::string& script :
       {absl::StrCat("ln -sfn ", old, " $B/latest"), std::string("rm $B/latest")}) {
    const Outcome outcome = Shell(state, script);
    EXPECT_EQ(outcome.exit(), 7);
    EXPECT_THAT(outcome.err, HasSubstr("it leads to this run again"));
    EXPECT_NE(fs::canonical(state + "/latest").filename(), old);
    EXPECT_EQ(Report()["run"]["command"][0], "sh");
  }
}

TEST_F(RunLog, ANamedLogThatWasReplacedIsMovedAside) {
  const std::string named = Path("named");
  const Outcome outcome = Run({"run", "--log", named, "--", "sh", "-c",
                               absl::StrCat("rm -rf ", named, "; mkdir ", named, "; exit 7")});
  EXPECT_EQ(outcome.exit(), 7);
  EXPECT_THAT(outcome.err, HasSubstr("was replaced while the command ran"));
  EXPECT_FALSE(Report({"--log", named})["actions"][0]["complete"].get<bool>());
}

TEST_F(RunLog, ALogThatCannotBeBegunIsTheHostsFaultAndLeavesTheLastRun) {
  const std::string state = MadeBefore();
  const fs::path old = fs::read_symlink(state + "/latest");
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {1024, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Outcome outcome = Run({"run", "--", "touch", "ran"});
  const Outcome named = Run({"run", "--log", Path("named"), "--", "touch", "ran"});
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(outcome.exit(), 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(state));
  EXPECT_THAT(outcome.err, HasSubstr("EFBIG"));
  EXPECT_THAT(outcome.err, HasSubstr("free space there, or set GLOVEBOX_STATE_DIR"));
  EXPECT_EQ(named.exit(), 3);
  EXPECT_THAT(named.err, HasSubstr("free space there, or name another directory with --log"));
  EXPECT_FALSE(FileExists(Path("build/ran"))) << "nothing is run without a log";
  EXPECT_EQ(fs::read_symlink(state + "/latest"), old);
  EXPECT_EQ(std::distance(fs::directory_iterator(state), fs::directory_iterator()), 2)
      << "a run and the link";
}

TEST_F(RunLog, AStateDirectoryThatCannotBeMadeIsTheHostsFault) {
  ASSERT_OK(WriteFile(Path("file"), ""));
  setenv("GLOVEBOX_STATE_DIR", Path("file/state").c_str(), 1);
  const Outcome outcome = Run({"run", "--", "true"});
  EXPECT_EQ(outcome.exit(), 3);
  EXPECT_THAT(outcome.err, HasSubstr("set GLOVEBOX_STATE_DIR to one"));
  setenv("GLOVEBOX_STATE_DIR", "relative", 1);
  EXPECT_EQ(Run({"run", "--", "true"}).exit(), 2) << "a bad value";
}

TEST_F(RunLog, OnAFullDiskNothingIsRunAndTheLastReportStands) {
  // A disk of its own, as root only.
  const std::string disk = Path("state");
  const pid_t pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
      _exit(77);
    }
    const std::string state = MadeBefore();
    const fs::path old = fs::read_symlink(state + "/latest");
    const std::string rest(size_t{2} << 20, 'x');
    EXPECT_FALSE(WriteFile(disk + "/rest", rest).ok());
    const Outcome outcome = Run({"run", "--", "true"});
    EXPECT_EQ(outcome.exit(), 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("ENOSPC"));
    EXPECT_EQ(fs::read_symlink(state + "/latest"), old);
    EXPECT_EQ(Report()["run"]["command"][1], "old");
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(status, 0);
}

TEST_F(RunLog, ARunInsideARunKnowsTheStateDirectoryOnlyByWhatACommandIsGiven) {
  const auto inner = [this](const std::vector<std::string>& before) {
    std::vector<std::string> all = {"run", "-q", "--env", "+HOME=" + Path("home"), "--"};
    all.insert(all.end(), before.begin(), before.end());
    for (const char* word : {GLOVEBOX_PROGRAM, "run", "-q", "--", "true"}) all.emplace_back(word);
    const Outcome outcome = Run(all);
    EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  };
  const auto runs = [this](const char* place) {
    // Folder a directory, in that a folder a run, and beside those "latest".
    return std::distance(fs::recursive_directory_iterator(Path(place)), {}) > 1;
  };
  unsetenv("XDG_STATE_HOME");
  inner({});
  EXPECT_TRUE(runs("state"));
  EXPECT_TRUE(runs("home/.local/state/glovebox"));
  inner({"env", absl::StrCat("GLOVEBOX_STATE_DIR=", Path("named"))});
  EXPECT_TRUE(runs("named"));
  setenv("XDG_STATE_HOME", Path("xdg").c_str(), 1);
  inner({});
  unsetenv("XDG_STATE_HOME");
  EXPECT_TRUE(runs("xdg/glovebox"));
}

TEST_F(RunLog, ARunInsideAnEnforcedRunMakesNoCallThatIsRefused) {
  const Outcome outcome = Run({"run", "--mode", "enforce", "--read", "/", "--write", "/", "--env",
                               "+HOME=" + Path("home"), "--", GLOVEBOX_PROGRAM, "run", "--", "true"});
  EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  EXPECT_THAT(outcome.err, Not(HasSubstr("refused"))) << outcome.err;
  const json report = Report();
  EXPECT_THAT(report["findings"], testing::IsEmpty()) << report["findings"].dump(1);
  EXPECT_EQ(report["actions"].size(), 2) << "the inner one is on the outer record";
}

}  // namespace
}  // namespace glovebox::cli
