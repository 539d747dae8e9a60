// A test that stands in an empty directory of its own. Tests only.
#ifndef GLOVEBOX_TRACE_SCRATCH_FIXTURE_H_
#define GLOVEBOX_TRACE_SCRATCH_FIXTURE_H_

#include <unistd.h>

#include <memory>
#include <utility>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::trace {

class ScratchTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_EQ(chdir(dir_->path().c_str()), 0);
  }
  void TearDown() override { ASSERT_EQ(chdir("/"), 0); }
  std::unique_ptr<TempDir> dir_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SCRATCH_FIXTURE_H_
