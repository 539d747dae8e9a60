// What `glovebox run` lets a command inherit.
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class Inherited : public Cli {
 protected:
  // Of a shell that has opened descriptor 7 and then runs glovebox with these words.
  Outcome Shell(const std::string& before, const std::string& options, const std::string& command) {
    return Run({"-c", absl::StrCat("echo secret > ", Path("secret"), "; exec 7< ", Path("secret"), "; ",
                                   before, " exec ", GLOVEBOX_PROGRAM, " run -q ", options, " -- ", command)},
               "/bin/bash");
  }
};

constexpr char kRead7[] = "sh -c 'cat <&7'";

TEST_F(Inherited, NothingAboveTheStandardStreamsInEnforce) {
  const Outcome held = Shell("", "--mode enforce", kRead7);
  EXPECT_NE(held.exit(), 0);
  EXPECT_EQ(held.out, "");
  EXPECT_EQ(Shell("", "", kRead7).out, "secret\n") << "mode report takes nothing away";
}

TEST_F(Inherited, WhatIsNamedStays) {
  EXPECT_EQ(Shell("", "--mode enforce --keep-fd 7", kRead7).out, "secret\n");
  EXPECT_EQ(Shell("MAKEFLAGS='-j --jobserver-auth=7,8'", "--mode enforce", kRead7).out, "secret\n");
  EXPECT_EQ(Shell("", "--mode enforce", "cat /dev/fd/7").out, "secret\n");
  EXPECT_EQ(Shell("", "--mode enforce", "cat <(echo from the shell)").out, "from the shell\n");
}

TEST_F(Inherited, ANumberThatIsNotOpenIsAnError) {
  const Outcome outcome = Shell("", "--mode enforce --keep-fd 9", "true");
  EXPECT_EQ(outcome.exit(), 2);
  EXPECT_THAT(outcome.err, HasSubstr("--keep-fd: 9: no such descriptor is open"));
  EXPECT_EQ(Shell("", "--keep-fd 2", "true").exit(), 2);
}

}  // namespace
}  // namespace glovebox::cli
