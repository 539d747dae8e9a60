// What the tests of the log share: a run directory to write to.
#ifndef GLOVEBOX_ACCESS_LOG_TEST_FIXTURE_H_
#define GLOVEBOX_ACCESS_LOG_TEST_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "access/log_test_records.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::access {

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("log-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }
  std::unique_ptr<SegmentWriter> Open(const std::string& name) {
    auto writer = SegmentWriter::Create(dir_->path(), name);
    EXPECT_OK(writer);
    return *std::move(writer);
  }
  std::string File(const std::string& name) const { return absl::StrCat(dir_->path(), "/", name, ".gbx"); }
  Log Read() {
    auto log = ReadLog(dir_->path());
    EXPECT_OK(log);
    return *std::move(log);
  }
  std::unique_ptr<TempDir> dir_;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_LOG_TEST_FIXTURE_H_
