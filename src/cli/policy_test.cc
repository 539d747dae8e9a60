// The policy file through the real binary: `policy check`, `policy show`, and what a run makes of it.
#include <string>
#include <vector>

#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class PolicyCli : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (const char* name : {"GLOVEBOX_POLICY", "GLOVEBOX_LEVEL", "GLOVEBOX_MODE"}) unsetenv(name);
  }
  void Write(absl::string_view name, absl::string_view text) { ASSERT_OK(WriteFile(Path(name), text)); }
};

TEST_F(PolicyCli, CheckSaysAllThatIsWrongWithItsPlace) {
  Write("build/glovebox.toml", "moed = 1\n[test]\nnetwork = \"lan\"\n");
  const Outcome outcome = Run({"policy", "check"});
  EXPECT_EQ(outcome.exit(), 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              HasSubstr("build/glovebox.toml:1:1: unknown key \"moed\": did you mean \"mode\"?\n"));
  EXPECT_THAT(outcome.err, HasSubstr("build/glovebox.toml:3:11: \"test.network\" cannot be \"lan\""));
  const json report = json::parse(Run({"policy", "check", "--json"}).out);
  EXPECT_EQ(report["ok"], false);
  ASSERT_EQ(report["errors"].size(), 2u);
  EXPECT_EQ(report["errors"][1]["line"], 3);
  EXPECT_EQ(report["errors"][1]["column"], 11);
}

TEST_F(PolicyCli, CheckOfAGoodFileSaysWhatItHoldsAndWhatHasExpired) {
  Write(
      "p.toml",
      "[test]\nnetwork = \"none\"\n[[allow]]\nrule = \"hidden\"\nowner = \"ann\"\nreason = \"b\"\nexpires = "
      "2001-01-01\n");
  const Outcome outcome = Run({"policy", "check", Path("p.toml")});
  EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("p.toml: fine: 1 section, 1 allowance\n"));
  EXPECT_THAT(outcome.err, HasSubstr("p.toml:3:1: this allowance of hidden has expired on 2001-01-01"));
}

TEST_F(PolicyCli, CheckNotesWhatGrantsNothingAndWhatAllowsTooMuch) {
  Write("p.toml", absl::StrCat("read-add = [\"", Path("build"), "\", \"", Path("biuld"),
                               "\"]\n[[allow]]\nrule = \"hidden\"\nowner = \"a\"\nreason = \"b\"\nexpires = "
                               "2100-01-01\n"));
  const Outcome outcome = Run({"policy", "check", Path("p.toml")});
  EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(absl::StrCat("path ", Path("biuld"), " is not there")));
  EXPECT_THAT(outcome.err, Not(HasSubstr(absl::StrCat("path ", Path("build"), " is"))));
  EXPECT_THAT(outcome.err,
              HasSubstr("p.toml:2:1: this allowance lets every finding of hidden pass: say which"));
}

// What `run` would not even begin with.
TEST_F(PolicyCli, CheckSaysWhatNoRunCouldHold) {
  const std::string logs = absl::StrCat("append-only = [\"", Path("build/log"), "\"]\n");
  const std::string file = absl::StrCat("mode = \"enforce\"\n[test]\nkernel-only = true\n", logs);
  Write("p.toml", file);
  const Outcome outcome = Run({"policy", "check", Path("p.toml")});
  EXPECT_EQ(outcome.exit(), 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("append-only paths need a supervisor"));
  EXPECT_THAT(outcome.err, HasSubstr("a run of [test] cannot begin here"));
  Write("p.toml", absl::StrCat("best-effort = true\n", file));
  EXPECT_EQ(Run({"policy", "check", Path("p.toml")}).exit(), 0);
  Write("p.toml", absl::StrCat("mode = \"enforce\"\n", logs));
  EXPECT_EQ(Run({"policy", "check", Path("p.toml")}).exit(), 0);
}

TEST_F(PolicyCli, CheckWithoutAFileSaysWhereItLooked) {
  const Outcome outcome = Run({"policy", "check"});
  EXPECT_EQ(outcome.exit(), 1);
  EXPECT_THAT(outcome.err, HasSubstr("no glovebox.toml in "));
  EXPECT_EQ(Run({"policy", "check", "none.toml"}).exit(), 2);
}

TEST_F(PolicyCli, ShowNamesTheLineOfEachRule) {
  Write("build/glovebox.toml", "mode = \"enforce\"\n[[rule]]\ntest = \"Net.*\"\nnetwork = \"loopback\"\n");
  const Outcome text = Run({"policy", "show", "--test", "Net.Connects"});
  EXPECT_EQ(text.exit(), 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("role test, test Net.Connects\n"));
  EXPECT_THAT(text.out, testing::ContainsRegex("mode +enforce +glovebox.toml:1:8\n"));
  EXPECT_THAT(text.out, testing::ContainsRegex("network +loopback +glovebox.toml:4:11\n"));
  EXPECT_THAT(text.out, testing::ContainsRegex("read +/usr +built in\n"));
  const json shown =
      json::parse(Run({"policy", "show", "--json", "--role", "compile", "--mode", "report"}).out);
  EXPECT_EQ(shown["role"], "compile");
  EXPECT_EQ(shown["confines_files"], false);
  ASSERT_EQ(shown["settings"].size(), 2u);  // and the level
  EXPECT_EQ(shown["settings"][1]["from"], "built in");
  EXPECT_EQ(shown["settings"][0]["from"], "command line");
}

TEST_F(PolicyCli, ShowTakesAnOutputForTheEdgeThatMakesIt) {
  Write("build/build.ninja",
        "rule CXX_COMPILER__app_Debug\n  command = glovebox-launch --role=compile -- true\nrule r\n  command "
        "= true\n"
        "build a.o: CXX_COMPILER__app_Debug\nbuild x: r\n");
  Write("build/glovebox.toml", "[[rule]]\ntarget = \"app\"\nedge = \"*.o\"\nwall-clock = \"1m\"\n");
  const Outcome compile = Run({"policy", "show", "a.o"});
  EXPECT_THAT(compile.out, HasSubstr("role compile, target app, edge a.o\n")) << compile.err;
  EXPECT_THAT(compile.out, testing::ContainsRegex("wall-clock +1m +glovebox.toml:4:14\n"));
  EXPECT_THAT(compile.out, HasSubstr("its shell is an action of role edge"));
  EXPECT_THAT(Run({"policy", "show", "x"}).out, HasSubstr("role edge"));
  const Outcome nothing = Run({"policy", "show", "y"});
  EXPECT_EQ(nothing.exit(), 1);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, HasSubstr("makes y, and it has no tests of CTest's"));
}

// A test as CTest's hook leaves it, and an edge that is called as it is.
TEST_F(PolicyCli, ATestIsWhatCTestSaysItIs) {
  Write("build/build.ninja",
        "rule CXX_EXECUTABLE_LINKER__hello_\n  command = true\nbuild hello: "
        "CXX_EXECUTABLE_LINKER__hello_\n");
  Write("build/CTestTestfile.cmake",
        absl::StrCat("add_test(hello \"", GLOVEBOX_LAUNCH,
                     "\" --role=test --policy=slow -- ./hello)\nadd_test(plain ./hello)\n"));
  Write("build/glovebox.toml",
        "[[rule]]\ntest = \"hello\"\nnetwork = \"none\"\n[policy.slow]\nwall-clock = \"2h\"\n");
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"hello", "--role", "test"}, {"--test", "hello"}}) {
    std::vector<std::string> words = {"policy", "show"};
    words.insert(words.end(), options.begin(), options.end());
    const Outcome shown = Run(words);
    EXPECT_EQ(shown.exit(), 0) << shown.err;
    EXPECT_THAT(shown.out, testing::StartsWith("role test, test hello, policy slow\n"));
    EXPECT_THAT(shown.out, testing::ContainsRegex("wall-clock +2h +glovebox.toml:5:14\n"));
    EXPECT_THAT(shown.out, testing::ContainsRegex("network +none +glovebox.toml:3:11\n"));
  }
  EXPECT_THAT(Run({"policy", "show", "hello"}).err, HasSubstr("a test is called hello too: --role test"));
  const Outcome plain = Run({"policy", "show", "plain"});
  EXPECT_EQ(plain.exit(), 0);
  EXPECT_THAT(plain.err, HasSubstr("CTest would run plain without Glovebox now"));
  const Outcome missing = Run({"policy", "show", "helo"});
  EXPECT_EQ(missing.exit(), 1);
  EXPECT_EQ(missing.out, "");
  EXPECT_THAT(missing.err, HasSubstr("has no test helo: did you mean hello?"));
}

TEST_F(PolicyCli, CheckHoldsTheFileAgainstTheBuild) {
  Write("build/build.ninja", "rule CXX_COMPILER__app_\n  command = true\nbuild a.o: CXX_COMPILER__app_\n");
  Write("build/CTestTestfile.cmake",
        absl::StrCat("add_test(t \"", GLOVEBOX_LAUNCH, "\" --role=test --policy=solw -- ./t)\n"));
  Write("p.toml",
        "[[rule]]\ntarget = \"nosuchtarget\"\nnetwork = \"none\"\n[policy.solw]\nnetwork = \"none\"\n");
  const Outcome noted = Run({"policy", "check", Path("p.toml")});
  EXPECT_EQ(noted.exit(), 0) << noted.err;
  EXPECT_THAT(noted.err, HasSubstr("p.toml:2:10: no target of this build is called \"nosuchtarget\""));
  Write("p.toml", "[policy.slow]\nnetwork = \"none\"\n");
  const Outcome refused = Run({"policy", "check", Path("p.toml")});
  EXPECT_EQ(refused.exit(), 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("test t asks for the policy \"solw\""));
  EXPECT_FALSE(json::parse(Run({"policy", "check", "--json", Path("p.toml")}).out)["ok"]);
}

TEST_F(PolicyCli, ShowOfNobodyOrOfASectionThatIsNotThereIsAnError) {
  EXPECT_EQ(Run({"policy", "show"}).exit(), 2);
  Write("build/glovebox.toml", "[policy.slow]\nwall-clock = \"1h\"\n");
  const Outcome outcome = Run({"policy", "show", "--test", "x", "--policy-name", "slwo"});
  EXPECT_EQ(outcome.exit(), 2);
  EXPECT_THAT(outcome.err,
              HasSubstr(absl::StrCat("test x asks for the policy \"slwo\", and ", Path("build/glovebox.toml"),
                                     " has no [policy.slwo]: did you mean \"slow\"?")));
}

TEST_F(PolicyCli, ARunTakesTheFileThatIsNamedAndNoOther) {
  Write("build/glovebox.toml", "variables.set.MARK = \"found\"\n");
  Write("p.toml", "[run]\nvariables.set.MARK = \"named\"\n");
  const std::vector<std::string> show = {"--", "sh", "-c", "echo ${MARK-none}"};
  const auto run = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "-q"});
    options.insert(options.end(), show.begin(), show.end());
    return Run(options).out;
  };
  EXPECT_EQ(run({}), "none\n");
  EXPECT_EQ(run({"--policy", Path("p.toml")}), "named\n");
  EXPECT_EQ(run({"--policy", Path("p.toml"), "--env", "+MARK=option"}), "option\n");
  EXPECT_EQ(run({"--launched", "--role=link"}), "found\n");
  setenv("GLOVEBOX_POLICY", Path("p.toml").c_str(), 1);
  EXPECT_EQ(run({}), "named\n");
  EXPECT_EQ(run({"--launched", "--role=run"}), "named\n");
  EXPECT_EQ(run({"--launched", "--role=link"}), "none\n");
  unsetenv("GLOVEBOX_POLICY");
}

TEST_F(PolicyCli, ARunWithABrokenPolicyRunsNothing) {
  Write("build/glovebox.toml", "moed = 1\n");
  for (std::vector<std::string> run :
       {std::vector<std::string>{"run", "--policy", "glovebox.toml"}, {"run", "--launched", "--role=link"}}) {
    run.insert(run.end(), {"--", "sh", "-c", "echo ran"});
    const Outcome outcome = Run(run);
    EXPECT_EQ(outcome.exit(), 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("glovebox.toml:1:1: unknown key \"moed\""));
  }
}

TEST_F(PolicyCli, ModeAndLevelOfTheCommandLineOutrankTheFile) {
  // At level off nobody could hold a network.
  Write("p.toml", "mode = \"enforce\"\nlevel = \"off\"\nnetwork = \"any\"\n");
  // Capabilities are dropped in enforce alone.
  const auto drops = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "--explain"});
    return Run(options).out;
  };
  EXPECT_THAT(drops({}), HasSubstr("21  off  capabilities"));
  EXPECT_THAT(drops({"--mode", "enforce"}), HasSubstr("21  on   capabilities"));
  EXPECT_THAT(drops({"--policy", Path("p.toml")}), HasSubstr("21  on   capabilities"));
  EXPECT_THAT(drops({"--policy", Path("p.toml"), "--mode", "report"}), HasSubstr("21  off  capabilities"));
  const auto seen = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "--mode", "report", "--policy", Path("p.toml")});
    options.insert(options.end(), {"--", "true"});
    return Run(options).err;
  };
  EXPECT_THAT(seen({}), HasSubstr("the policy records nothing"));
  EXPECT_THAT(seen({"--level", "open"}), Not(HasSubstr("the policy records nothing")));
  EXPECT_EQ(Run({"run", "--mode", "strict", "--", "true"}).exit(), 2);
}

TEST_F(PolicyCli, WhatTheCommandLineHidesIsNotThere) {
  ASSERT_OK(MakeDirectories(Path("build/od[d")));
  Write("build/od[d/key", "secret\n");
  Write("build/other", "fine\n");
  Write("p.toml", absl::StrCat("hidden = [\"", Path("build/other"), "\"]\n"));
  const auto said = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "-q", "--mode", "enforce", "--read", "/", "--write", "/dev/null",
                                     "--policy", Path("p.toml")});
    options.insert(options.end(), {"--", "sh", "-c", "cat 'od[d/key' other 2>/dev/null"});
    return Run(options);
  };
  EXPECT_EQ(said({}).out, "secret\n");
  const Outcome relative = said({"--hide", "od\\[d/k*"});
  EXPECT_EQ(relative.out, "fine\n") << "the list replaces the file's";
  EXPECT_THAT(relative.err, HasSubstr("hidden: command line hidden "));
  EXPECT_EQ(said({"--hide", Path("build/other"), "--hide", "od\\[d"}).out, "");
  EXPECT_EQ(Run({"run", "--hide", "x/../y", "--", "true"}).exit(), 2);
  const std::string rows =
      Run({"run", "--explain", "--mode", "enforce", "--read", "/", "--hide", "other", "--hide-by-namespace"})
          .out;
  EXPECT_THAT(rows, HasSubstr(absl::StrCat(" -  on   mount namespace  (covers ",
                                           RealPath(Path("build/other")), ")\n")));
}

}  // namespace
}  // namespace glovebox::cli
