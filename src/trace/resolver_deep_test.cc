// Callers that stand deeper than a path can be long.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/predict.h"
#include "trace/resolver.h"

namespace glovebox::trace {
namespace {

constexpr int kLevels = 18;
constexpr int kDescriptor = 10;  // of the child: the deep directory

const std::string& LongName() {
  static const auto* const kName = new std::string(250, 'd');
  return *kName;
}

// Goes down, making the way; ends in a directory with a file "f" and an empty directory "e".
bool GoDown(const std::string& top) {
  if (chdir(top.c_str()) != 0) return false;
  for (int i = 0; i < kLevels; ++i) {
    if (mkdir(LongName().c_str(), 0755) != 0 || chdir(LongName().c_str()) != 0) return false;
  }
  const int dir = open(".", O_PATH | O_DIRECTORY);
  return dir >= 0 && dup2(dir, kDescriptor) == kDescriptor && mkdir("e", 0755) == 0 &&
         close(open("f", O_WRONLY | O_CREAT, 0644)) == 0;
}

class DeepTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
    dir_ = std::make_unique<TempDir>(std::move(dir));
    int ready[2];
    ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
    child_ = fork();
    if (child_ == 0) {
      const char ok = GoDown(dir_->path()) ? 1 : 0;
      if (write(ready[1], &ok, 1) != 1) _exit(1);
      while (true) pause();
    }
    close(ready[1]);
    char ok = 0;
    const ssize_t n = read(ready[0], &ok, 1);
    close(ready[0]);
    ASSERT_EQ(n, 1);
    ASSERT_EQ(ok, 1);
    for (int i = 0; i < kLevels; ++i) absl::StrAppend(&deep_, "/", LongName());
    deep_ = absl::StrCat(dir_->path(), deep_);
    ASSERT_GT(deep_.size(), size_t{PATH_MAX});
  }
  void TearDown() override {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Resolved At(int dirfd, const std::string& spelled) {
    return resolver_->Resolve(child_, child_, {dirfd, spelled, true, spelled.empty()});
  }
  Prediction Of(Op op, const std::string& spelled, uint64_t flags = 0) {
    Intent intent;
    intent.op = op;
    intent.flags = flags;
    intent.creates = op == Op::kMkdir || (flags & O_CREAT) != 0;
    intent.paths = {{AT_FDCWD, spelled, op == Op::kOpen, false}};
    const Resolved found = At(AT_FDCWD, spelled);
    return Predict(intent, &found, nullptr);
  }

  std::unique_ptr<TempDir> dir_;
  std::unique_ptr<Resolver> resolver_ = MakeResolver();
  std::string deep_;
  pid_t child_ = -1;
};

TEST_F(DeepTest, ANameIsResolvedFromADirectoryDeeperThanAPathCanSay) {
  for (const int dirfd : {AT_FDCWD, kDescriptor}) {
    const Resolved file = At(dirfd, "f");
    EXPECT_TRUE(file.there) << dirfd << " errno " << file.error;
    EXPECT_EQ(file.path, deep_ + "/f");
    const Resolved missing = At(dirfd, "new");
    EXPECT_EQ(missing.error, ENOENT);
    EXPECT_TRUE(missing.parent_there);
    EXPECT_EQ(missing.path, deep_ + "/new");
    EXPECT_EQ(At(dirfd, "e/..").path, deep_);
    EXPECT_EQ(At(dirfd, "").path, deep_);
  }
  EXPECT_EQ(At(AT_FDCWD, "/proc/self/cwd/f").path, deep_ + "/f");
  EXPECT_EQ(At(AT_FDCWD, "..").path, deep_.substr(0, deep_.size() - LongName().size() - 1));
}

TEST_F(DeepTest, WhatIsDoneThereIsPredicted) {
  EXPECT_EQ(Of(Op::kOpen, "f", O_WRONLY), (Prediction{access::Result::kThere, 0}));
  EXPECT_EQ(Of(Op::kOpen, "new", O_WRONLY | O_CREAT), (Prediction{access::Result::kCreated, 0}));
  EXPECT_EQ(Of(Op::kMkdir, "new"), (Prediction{access::Result::kCreated, 0}));
  EXPECT_EQ(Of(Op::kRmdir, "e"), (Prediction{access::Result::kThere, 0}));
  EXPECT_EQ(Of(Op::kRmdir, absl::StrCat("../", LongName())),
            (Prediction{access::Result::kFailed, ENOTEMPTY}));
  EXPECT_EQ(Of(Op::kUnlink, "f"), (Prediction{access::Result::kThere, 0}));
}

}  // namespace
}  // namespace glovebox::trace
