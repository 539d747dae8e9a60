// A prediction beside what the kernel answers. Tests only.
#ifndef GLOVEBOX_TRACE_PREDICT_FIXTURE_H_
#define GLOVEBOX_TRACE_PREDICT_FIXTURE_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/predict.h"
#include "trace/scratch_fixture.h"

namespace glovebox::trace {

using access::Result;

inline void PrintTo(const Prediction& p, std::ostream* out) {
  *out << "{" << static_cast<int>(p.result) << ", errno " << p.error << "}";
}

inline Intent Do(Op op, uint64_t flags = 0, std::string spelled = "x") {
  Intent intent;
  intent.op = op;
  intent.flags = flags;
  intent.creates = op == Op::kOpen && (flags & O_CREAT) != 0;
  intent.exclusive = op == Op::kOpen && (flags & O_EXCL) != 0;
  intent.paths.push_back({AT_FDCWD, std::move(spelled), true, false});
  return intent;
}

inline Intent DoBoth(Op op, std::string from, std::string to) {
  Intent intent = Do(op, 0, std::move(from));
  intent.paths[0].follow = false;
  intent.paths.push_back({AT_FDCWD, std::move(to), false, false});
  return intent;
}

// The real thing: predict, then make the call in a child and compare.
class PredictRealTest : public ScratchTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ScratchTest::SetUp());
    Make();
  }
  void TearDown() override {
    chmod("shut", 0755);
    ScratchTest::TearDown();
  }
  static void Make() {
    for (const char* name : {"dir", "dir/in", "empty", "shut"}) ASSERT_EQ(mkdir(name, 0755), 0);
    ASSERT_OK(WriteFile("file", "x"));
    ASSERT_OK(WriteFile("other", "x"));
    ASSERT_OK(WriteFile("none", "x"));
    ASSERT_OK(WriteFile("shut/file", "x"));
    ASSERT_OK(WriteFile("prog", "#!/bin/true\n"));
    chmod("none", 0);
    chmod("prog", 0755);
    chmod("shut", 0500);
    for (const auto& [text, name] :
         {std::pair{"file", "link"}, {"dir", "dlink"}, {"gone", "dangling"}, {"loop", "loop"}}) {
      ASSERT_EQ(symlink(text, name), 0);
    }
  }
  // errno of the call in a child, whose effects are undone by nobody: the caller makes the tree anew.
  static int InChild(const std::function<long()>& call) {
    const pid_t pid = fork();
    if (pid == 0) _exit(call() < 0 ? errno : 0);
    int status = 0;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
  }
  void Compare(const Intent& intent, const std::function<long()>& call, const std::string& what) {
    const auto resolver = MakeResolver();
    std::vector<Resolved> found;
    for (const PathRef& ref : intent.paths) found.push_back(resolver->Resolve(getpid(), getpid(), ref));
    const Prediction p = Predict(intent, &found[0], found.size() > 1 ? &found[1] : nullptr);
    const int error = InChild(call);
    EXPECT_EQ(p.error, error) << what << ": predicted " << ErrnoName(p.error) << ", got " << ErrnoName(error);
    EXPECT_EQ(p.result == Result::kThere || p.result == Result::kCreated, error == 0) << what;
  }
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PREDICT_FIXTURE_H_
