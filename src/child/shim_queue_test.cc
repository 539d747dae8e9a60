// The ring, filled and emptied in one process and between two.
#include "child/shim_queue.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "child/shim_reader_test.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

class ShimQueue : public testing::Test {
 protected:
  bool Write(const std::string& path, int error) {
    glovebox_shim_entry* entry = glovebox_shim_publish(ring_.get(), path.c_str());
    if (entry != nullptr) glovebox_shim_settle(entry, error);
    return entry != nullptr;
  }
  std::unique_ptr<glovebox_shim_ring> ring_ = std::make_unique<glovebox_shim_ring>();
  ShimReader reader_{*ring_};
};

TEST_F(ShimQueue, FitsIntoWhatIsMapped) {
  EXPECT_LE(sizeof(glovebox_shim_ring), size_t{GLOVEBOX_SHIM_RING_BYTES});
  EXPECT_LE(sizeof(glovebox_shim_gate_code), size_t{GLOVEBOX_SHIM_CODE});
  EXPECT_EQ(offsetof(glovebox_shim_ring, data) % 8, 0u);
}

TEST_F(ShimQueue, AnEntryIsThereBeforeItsResult) {
  glovebox_shim_entry* entry = glovebox_shim_publish(ring_.get(), "/usr/include");
  ASSERT_NE(entry, nullptr);
  ShimQuestion read;
  ASSERT_TRUE(reader_.Next(read));
  EXPECT_EQ(read.path, "/usr/include");
  EXPECT_EQ(read.error, GLOVEBOX_SHIM_PENDING);
  EXPECT_FALSE(reader_.Next(read));
  glovebox_shim_settle(entry, ENOENT);  // after it was taken: nothing happens
  EXPECT_FALSE(reader_.Next(read));
  ASSERT_TRUE(Write("/usr", 0));
  ASSERT_TRUE(reader_.Next(read));
  EXPECT_EQ(read.error, 0);
}

TEST_F(ShimQueue, AFullRingRefusesAndOverwritesNothing) {
  int written = 0;
  while (Write("/" + std::to_string(written), EINVAL)) ++written;
  EXPECT_EQ(written, int{GLOVEBOX_SHIM_DATA} / 16);
  ShimQuestion read;
  for (int i = 0; i < written; ++i) {
    ASSERT_TRUE(reader_.Next(read));
    EXPECT_EQ(read.path, "/" + std::to_string(i));
    EXPECT_EQ(read.error, EINVAL);
    EXPECT_TRUE(Write("/more", 0));  // one has become free
    EXPECT_FALSE(Write("/more", 0));
  }
}

TEST_F(ShimQueue, WhatWouldReachOverTheEndStandsAtTheBeginning) {
  ShimQuestion read;
  const std::string path = "/" + std::string(999, 'x');  // 1008 bytes: eight, and 128 are left
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(Write(path, 0));
  EXPECT_FALSE(Write(path, 0));
  ASSERT_TRUE(reader_.Next(read));
  EXPECT_FALSE(Write(path + "123456789", 0)) << "1016 bytes and a filler do not fit before the second";
  ASSERT_TRUE(Write(path, EINVAL));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(reader_.Next(read));
  EXPECT_EQ(read.error, EINVAL);
  EXPECT_EQ(read.path, path);
  EXPECT_EQ(reader_.fillers(), 1);
  EXPECT_EQ(reader_.problem(), "");
  EXPECT_FALSE(reader_.Next(read));
}

TEST_F(ShimQueue, TheLongestPathFitsAndALongerOneIsRefused) {
  EXPECT_FALSE(Write("/" + std::string(4095, 'x'), 0));
  EXPECT_TRUE(Write("/" + std::string(4094, 'x'), 0));
}

TEST_F(ShimQueue, CountersWrapAround) {
  reader_.StartAt(0u - 64);
  ShimQuestion read;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Write("/" + std::to_string(i), i));
    ASSERT_TRUE(reader_.Next(read));
    EXPECT_EQ(read.path, "/" + std::to_string(i));
  }
  EXPECT_LT(ring_->head, 10000u);
}

TEST_F(ShimQueue, ADamagedHeadOrTailWritesNothing) {
  for (const auto& [head, tail] : {std::pair{4u, 0u}, {8u, 16u}, {GLOVEBOX_SHIM_DATA + 8, 0u}}) {
    ring_->head = head;
    ring_->tail = tail;
    EXPECT_FALSE(Write("/a", 0)) << head << " " << tail;
  }
}

TEST_F(ShimQueue, BetweenTwoProcessesNothingIsLostOrTorn) {
  constexpr int kCount = 50000;
  void* memory =
      mmap(nullptr, sizeof(glovebox_shim_ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto& ring = *static_cast<glovebox_shim_ring*>(memory);
  const auto path_of = [](int i) {
    const auto size = static_cast<size_t>(i * 7919 % 1013);
    return "/" + std::to_string(i) +
           std::string(size % 97 == 0 ? size : size % 60, static_cast<char>('a' + i % 26));
  };
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (int i = 0; i < kCount; ++i) {
      const std::string path = path_of(i);
      glovebox_shim_entry* entry = nullptr;
      while ((entry = glovebox_shim_publish(&ring, path.c_str())) == nullptr) sched_yield();
      if (i % 64 == 0) sched_yield();  // between question and answer
      glovebox_shim_settle(entry, i % 100);
    }
    _exit(0);
  }
  ShimReader reader(ring);
  std::mt19937 random(1);
  ShimQuestion read;
  int pending = 0;
  for (int i = 0; i < kCount && reader.problem().empty();) {
    if (random() % 16 == 0) sched_yield();
    if (!reader.Next(read)) {
      sched_yield();
      continue;
    }
    if (read.error == GLOVEBOX_SHIM_PENDING) {
      ++pending;
    } else {
      ASSERT_EQ(read.error, i % 100);
    }
    ASSERT_EQ(read.path, path_of(i));
    ++i;
  }
  EXPECT_EQ(reader.problem(), "");
  EXPECT_GT(reader.fillers(), 0);
  EXPECT_LT(pending, kCount);
  int status = 0;
  if (!reader.problem().empty()) kill(child, SIGKILL);
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(reader.Next(read));
  munmap(memory, sizeof(glovebox_shim_ring));
}

}  // namespace
}  // namespace glovebox::child
