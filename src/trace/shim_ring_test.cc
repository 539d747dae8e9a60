#include "trace/shim_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Entries = std::vector<std::pair<std::string, int>>;

// This process stands in for the program: it writes by a mapping of its own.
class ShimRingTest : public testing::Test {
 protected:
  void SetUp() override {
    ring_ = ShimRing::Make(0x7e8000010000, &file_);
    ASSERT_NE(ring_, nullptr);
    void* memory = mmap(nullptr, GLOVEBOX_SHIM_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(),
                        GLOVEBOX_SHIM_RING_AT);
    ASSERT_NE(memory, MAP_FAILED);
    program_ = static_cast<glovebox_shim_ring*>(memory);
  }
  void TearDown() override { munmap(program_, GLOVEBOX_SHIM_RING_BYTES); }

  void Put(uint32_t size, int error, const std::string& bytes) {
    char* place = program_->data + program_->head % GLOVEBOX_SHIM_DATA;
    memcpy(place, &size, sizeof size);
    memcpy(place + 4, &error, sizeof error);
    memcpy(place + 8, bytes.data(), bytes.size());
  }
  void Publish(uint32_t size) { __atomic_store_n(&program_->head, program_->head + size, __ATOMIC_RELEASE); }
  void Add(const std::string& path, int error) {
    const auto size = static_cast<uint32_t>((8 + path.size() + 1 + 7) / 8 * 8);
    Put(size, error, path + '\0');
    Publish(size);
  }
  Entries Drain(bool* whole) {
    Entries entries;
    *whole = ring_->Drain([&](absl::string_view path, int error) { entries.emplace_back(path, error); });
    return entries;
  }

  UniqueFd file_;
  std::unique_ptr<ShimRing> ring_;
  glovebox_shim_ring* program_ = nullptr;
};

TEST_F(ShimRingTest, EntriesComeOnceAndInOrder) {
  bool whole = false;
  EXPECT_TRUE(ring_->empty());
  EXPECT_THAT(Drain(&whole), testing::IsEmpty());
  Add("/a", EINVAL);
  Add("/a/link", 0);
  EXPECT_FALSE(ring_->empty());
  EXPECT_THAT(Drain(&whole), ElementsAre(Pair("/a", EINVAL), Pair("/a/link", 0)));
  EXPECT_TRUE(whole);
  EXPECT_TRUE(ring_->empty());
  Add("/b", GLOVEBOX_SHIM_PENDING);
  EXPECT_THAT(Drain(&whole), ElementsAre(Pair("/b", GLOVEBOX_SHIM_PENDING)));
  EXPECT_EQ(program_->tail, program_->head);
}

TEST_F(ShimRingTest, FillerLeadsToTheBeginning) {
  bool whole = false;
  program_->head = 0;
  const std::string longest = "/" + std::string(4000, 'x');
  for (int i = 0; i < 2; ++i) {
    Add(longest, ENOENT);
    EXPECT_THAT(Drain(&whole), ElementsAre(Pair(longest, ENOENT)));
  }
  const uint32_t rest = GLOVEBOX_SHIM_DATA - program_->head % GLOVEBOX_SHIM_DATA;
  Put(rest, GLOVEBOX_SHIM_FILLER, "");
  Publish(rest);
  Add("/next", 0);
  EXPECT_THAT(Drain(&whole), ElementsAre(Pair("/next", 0)));
  EXPECT_TRUE(whole);
}

TEST_F(ShimRingTest, DamageIsToldOnceAndClosesTheRing) {
  struct Case {
    const char* what;
    uint32_t size;
    int error;
    std::string bytes;
    uint32_t published;
  };
  const Case cases[] = {
      {"no size", 0, 0, std::string("/a\0\0\0\0\0\0", 8), 16},
      {"smaller than its own head", 4, 0, "", 16},
      {"not aligned", 12, 0, std::string("/a\0\0", 4), 16},
      {"larger than what is published", 64, 0, std::string("/a\0\0\0\0\0\0", 8), 16},
      {"beyond the end", GLOVEBOX_SHIM_DATA + 8, 0, "/", GLOVEBOX_SHIM_DATA + 8},
      {"a head that runs away", 16, 0, std::string("/a\0\0\0\0\0\0", 8), 0x80000000u},
      {"no end", 16, 0, "/aaaaaaa", 16},
      {"relative", 16, 0, std::string("a\0\0\0\0\0\0\0", 8), 16},
      {"an unknown word", 16, -77, std::string("/a\0\0\0\0\0\0", 8), 16},
      {"half a head", 8, 0, "", 4},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    TearDown();
    SetUp();
    Put(one.size, one.error, one.bytes);
    Publish(one.published);
    bool whole = true;
    EXPECT_THAT(Drain(&whole), testing::IsEmpty());
    EXPECT_FALSE(whole);
    EXPECT_EQ(program_->closed, 1u);
    EXPECT_TRUE(ring_->empty());
    Drain(&whole);
    EXPECT_TRUE(whole);
  }
}

TEST_F(ShimRingTest, AnythingAtAllInTheMemoryIsSurvived) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    TearDown();
    SetUp();
    for (size_t i = 0; i < GLOVEBOX_SHIM_DATA; i += 8) {
      const uint32_t words[2] = {static_cast<uint32_t>(random() % 8 * 8),
                                 static_cast<uint32_t>(random() % 3)};
      memcpy(program_->data + i, words, 8);
      if (random() % 2 != 0) memcpy(program_->data + i, "/a\0\0\0\0\0\0", 8);
    }
    program_->head = static_cast<uint32_t>(random() % (GLOVEBOX_SHIM_DATA + 16));
    bool whole = false;
    EXPECT_LE(Drain(&whole).size(), GLOVEBOX_SHIM_DATA / 8);
  }
}

TEST_F(ShimRingTest, FileCannotBeCutUnderUs) {
  EXPECT_EQ(ftruncate(file_.get(), 0), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST_F(ShimRingTest, ProgramIsToldWhenNobodyReadsAnyMore) {
  EXPECT_EQ(program_->closed, 0u);
  ring_.reset();
  EXPECT_EQ(program_->closed, 1u);
}

}  // namespace
}  // namespace glovebox::trace
