#include "child/private_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "child/plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

bool IsThere(const std::string& path) {
  struct stat seen {};
  return lstat(path.c_str(), &seen) == 0;
}

TEST(PrivateDirectory, IsShortAndNobodyElses) {
  PrivateDirectory directory;
  ASSERT_EQ(MakePrivateDirectory(kPrivateTmp, directory), 0);
  struct stat seen {};
  ASSERT_EQ(lstat(directory.path, &seen), 0);
  EXPECT_EQ(seen.st_mode & 07777, 0700u);
  EXPECT_TRUE(IsThere(std::string(directory.path) + "/t"));
  EXPECT_FALSE(IsThere(std::string(directory.path) + "/h"));
  EXPECT_LT(std::string(directory.path).size(), 30u);  // of the 107 bytes of a socket's name
  EXPECT_TRUE(RemovePrivateDirectory(directory));
  EXPECT_FALSE(IsThere(directory.path));
}

TEST(PrivateDirectory, IsRemovedWhateverTheCommandMadeOfIt) {
  PrivateDirectory directory;
  ASSERT_EQ(MakePrivateDirectory(kPrivateTmp | kPrivateHome, directory), 0);
  const std::string at = directory.path;
  const std::string outside = "/tmp/gb-outside-" + std::to_string(getpid());
  const std::string script =
      "mkdir " + outside + " && touch " + outside + "/kept && cd " + at +
      " && mkdir -p t/a/b/c h/.config && touch t/a/b/c/f 't/a/new\nline' && ln -s " + outside +
      " t/a/link && for i in $(seq 300); do touch h/file-$i; done && "
      "mkdir t/deny && touch t/deny/f && chmod 500 t/a/b t/a && chmod 0 t/deny && chmod 500 .";
  ASSERT_EQ(std::system(script.c_str()), 0);
  EXPECT_TRUE(RemovePrivateDirectory(directory));
  EXPECT_FALSE(IsThere(at));
  EXPECT_TRUE(IsThere(outside + "/kept")) << "what a link names is not ours";
  EXPECT_EQ(std::system(("rm -r " + outside).c_str()), 0);
  EXPECT_TRUE(RemovePrivateDirectory(directory)) << "nothing is there any more";
  EXPECT_TRUE(RemovePrivateDirectory({}));
}

TEST(PrivateDirectory, NamesItInTheVariablesThatProgramsAsk) {
  PrivateDirectory directory{"/tmp/gb-0123456789abcdef"};
  const auto variables = [&](uint32_t flags) {
    char text[kPrivateRoom];
    const char* entries[kPrivateVariables];
    const size_t count = PrivateVariables(flags, directory, text, entries);
    return std::vector<std::string>(entries, entries + count);
  };
  EXPECT_THAT(variables(kPrivateTmp),
              testing::ElementsAre("TMPDIR=/tmp/gb-0123456789abcdef/t", "TMP=/tmp/gb-0123456789abcdef/t",
                                   "TEMP=/tmp/gb-0123456789abcdef/t"));
  EXPECT_THAT(variables(kPrivateTmp | kPrivateHome), testing::SizeIs(kPrivateVariables));
  EXPECT_THAT(variables(kPrivateHome), testing::Contains("HOME=/tmp/gb-0123456789abcdef/h"));
}

}  // namespace
}  // namespace glovebox::child
