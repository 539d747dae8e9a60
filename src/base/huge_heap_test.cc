#include "base/huge_heap.h"

#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOtherMalloc = true;
#elif defined(__has_feature)
constexpr bool kOtherMalloc = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kOtherMalloc = false;
#endif

long PageFaults() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// How often the kernel had no huge page to give, all over the machine (/proc/vmstat, thp_fault_fallback).
std::string Fallbacks() {
  const std::string text = ReadFile("/proc/vmstat").value_or("");
  const size_t at = text.find("thp_fault_fallback ");
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

// As a log's reader: many blocks, each larger than the 128 KiB from which malloc() maps a block by itself.
long FaultsOfBlocks() {
  const long before = PageFaults();
  std::vector<std::string> blocks;
  for (int i = 0; i < 64; ++i) blocks.emplace_back(size_t{1} << 20, 'x');
  return PageFaults() - before;
}

TEST(HugeHeap, TakesFewPageFaultsInAnyThread) {
  const absl::StatusOr<std::string> enabled = ReadFile("/sys/kernel/mm/transparent_hugepage/enabled");
  if (kOtherMalloc) GTEST_SKIP() << "malloc() is the sanitizer's";
  if (!enabled.ok() || enabled->find("[madvise]") == std::string::npos)
    GTEST_SKIP() << "this kernel has no transparent huge pages, or none or all are huge without being asked";
  const std::string fallbacks = Fallbacks();
  const long before = FaultsOfBlocks();
  PutHeapOnHugePages();
  const long after = FaultsOfBlocks();
  long in_thread = 0;
  std::thread([&in_thread] { in_thread = FaultsOfBlocks(); }).join();
  if (Fallbacks() != fallbacks) GTEST_SKIP() << "the kernel had no huge page free";
  EXPECT_GT(before, 16000);
  EXPECT_LT(after, before / 8);
  EXPECT_LT(in_thread, before / 8);
}

TEST(HugeHeap, IsThereOnceForAll) {
  PutHeapOnHugePages();
  PutHeapOnHugePages();
  EXPECT_EQ(std::string(1000, 'x').size(), 1000U);
}

}  // namespace
}  // namespace glovebox
