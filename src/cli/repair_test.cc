// What a finding prints as its repair of the policy file is done as it stands, and then it passes.
#include <sys/stat.h>
#include <sys/wait.h>

#include <regex>

#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class Repair : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (const char* name : {"GLOVEBOX_POLICY", "GLOVEBOX_LEVEL", "GLOVEBOX_MODE"}) unsetenv(name);
    // Not below ${tmp}, which the built-in policy lets anybody write.
    ASSERT_OK(MakeDirectories(Path("tmp")));
    setenv("TMPDIR", Path("tmp").c_str(), 1);
    ASSERT_OK(MakeDirectories(Path("out/d")));
    ASSERT_OK(WriteFile(Path("out/x"), "x\n"));
  }
  void TearDown() override { unsetenv("TMPDIR"); }

  Outcome Under(const std::string& policy, const std::vector<std::string>& command) {
    EXPECT_OK(WriteFile(Path("p.toml"), policy));
    std::vector<std::string> words = {"run", "--policy", Path("p.toml"), "--"};
    words.insert(words.end(), command.begin(), command.end());
    return Run(words);
  }

  // The one finding's, as the lines that it asks for.
  std::string LinesOf(const std::string& rule) {
    const json report = Report();
    std::string repair;
    for (const json& finding : report["findings"]) {
      if (finding["rule"] == rule) repair = finding["repair"];
    }
    std::smatch match;
    const std::regex words(
        "let the policy say so, in (the )?(\\[.*?\\])( at [^ ]+)?: ([a-z-]+ = .*?[\\]}])(,|$)");
    EXPECT_TRUE(std::regex_search(repair, match, words)) << rule << ": " << report["findings"].dump();
    if (match.empty()) return "";
    // What stands in the section already goes on below it.
    return absl::StrCat(match[2].str(), "\n", match[4].str(), "\n");
  }

  // `policy` refuses; with the repair's lines in the place of its section's head it does not.
  void MendsItself(const std::string& policy, const std::string& rule,
                   const std::vector<std::string>& command) {
    const Outcome refused = Under(policy, command);
    EXPECT_NE(refused.exit(), 0) << rule;
    const std::string lines = LinesOf(rule);
    const std::string head = lines.substr(0, lines.find('\n') + 1);
    std::string mended = policy;
    const size_t at = mended.find(head);
    mended = at == std::string::npos ? absl::StrCat(mended, lines) : mended.replace(at, head.size(), lines);
    const Outcome passed = Under(mended, command);
    EXPECT_EQ(passed.exit(), 0) << mended << passed.err;
  }
};

constexpr char kEnforce[] = "mode = \"enforce\"\n";

TEST_F(Repair, OfARead) {
  MendsItself(kEnforce, "outside-read", {"/bin/cat", Path("out/x")});
  MendsItself("mode = \"enforce\"\nread = [\"/usr\", \"/bin\", \"/lib\", \"/lib64\", \"/etc\"]\n",
              "outside-read", {"/bin/cat", Path("out/x")});
}

TEST_F(Repair, InTheSectionThatOutranksTheOthers) {
  const std::string read = "read = [\"/usr\", \"/bin\", \"/lib\", \"/lib64\", \"/etc\"]\n";
  MendsItself(absl::StrCat(kEnforce, "[run]\n", read), "outside-read", {"/bin/cat", Path("out/x")});
  MendsItself(absl::StrCat(kEnforce, "[run]\nread-add = []\n[[rule]]\nrole = \"run\"\n", read),
              "outside-read", {"/bin/cat", Path("out/x")});
}

TEST_F(Repair, OfAWrite) {
  MendsItself(kEnforce, "outside-write", {"/bin/sh", "-c", absl::StrCat("echo y >> ", Path("out/x"))});
  // What is not there yet the kernel cannot grant by its name.
  MendsItself(kEnforce, "outside-write", {"/bin/sh", "-c", absl::StrCat("echo y > ", Path("out/d/new"))});
  MendsItself(kEnforce, "outside-write", {"/bin/rm", Path("out/d/new")});
}

TEST_F(Repair, OfAProgram) {
  const std::string script = Path("out/script");
  ASSERT_OK(WriteFile(script, "#!/bin/sh\nexit 0\n"));
  ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  MendsItself(kEnforce, "outside-exec", {"/bin/sh", "-c", script});
}

TEST_F(Repair, OfTheNetwork) {
  const std::vector<std::string> bind = {GLOVEBOX_NETWORK_PROBE, "bind", "0.0.0.0", "0"};
  const std::string probe = absl::StrCat("read-add = [\"", GLOVEBOX_NETWORK_PROBE, "\"]\n");
  MendsItself(absl::StrCat(kEnforce, probe), "network-bind", bind);
  MendsItself(absl::StrCat(kEnforce, probe, "network = { mode = \"unix\", bind = [\"127.0.0.1:0\"] }\n"),
              "network-bind", bind);
}

}  // namespace
}  // namespace glovebox::cli
