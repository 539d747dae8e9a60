#include "kernel/syscall_ledger.h"

#include <cstdlib>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::kernel {
namespace {

// GLOVEBOX_TEST_WRITE_DOCS=1 writes the document instead: the way to bring it up to date.
TEST(SyscallLedger, TheDocumentIsWhatTheTablesSay) {
  const std::string path = GLOVEBOX_SOURCE_DIR "/docs/syscalls.md";
  if (getenv("GLOVEBOX_TEST_WRITE_DOCS") != nullptr) {
    ASSERT_OK(WriteFile(path, SyscallLedger()));
  }
  ASSERT_OK_AND_ASSIGN(std::string document, ReadFile(path));
  EXPECT_EQ(document, SyscallLedger())
      << "bring it up to date: GLOVEBOX_TEST_WRITE_DOCS=1 kernel_test --gtest_filter='SyscallLedger.*'";
}

}  // namespace
}  // namespace glovebox::kernel
