#include "graph/reach.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using Steps = std::vector<std::vector<uint32_t>>;

// By the definition.
std::vector<std::vector<bool>> Closure(const Steps& next) {
  std::vector<std::vector<bool>> leads(next.size(), std::vector<bool>(next.size()));
  for (uint32_t from = 0; from < next.size(); ++from) {
    std::vector<uint32_t> open = {from};
    while (!open.empty()) {
      const uint32_t node = open.back();
      open.pop_back();
      for (const uint32_t child : next[node]) {
        if (leads[from][child]) continue;
        leads[from][child] = true;
        open.push_back(child);
      }
    }
  }
  return leads;
}

void ExpectRight(const Steps& next) {
  const auto leads = Closure(next);
  Reach reach(next);
  for (uint32_t a = 0; a < next.size(); ++a) {
    for (uint32_t b = 0; b < next.size(); ++b) ASSERT_EQ(reach.Leads(a, b), leads[a][b]) << a << " to " << b;
  }
}

TEST(Reach, RandomGraphsAnswerAsASearchDoes) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const size_t n = 1 + random() % 40;
    Steps next(n);
    std::vector<uint32_t> names(n);
    for (uint32_t i = 0; i < n; ++i) names[i] = i;
    std::shuffle(names.begin(), names.end(), random);
    for (size_t e = random() % (3 * n); e > 0; --e) {
      const size_t a = random() % n, b = random() % n;
      if (a < b) next[names[a]].push_back(names[b]);
    }
    ExpectRight(next);
  }
}

TEST(Reach, ACycleIsNoTrap) {
  ExpectRight({{1}, {2}, {0, 3}, {}});
  ExpectRight({{0}});
  ExpectRight({{1, 1}, {}});
}

TEST(Reach, AChainOfAHundredThousandNeedsNoStack) {
  constexpr uint32_t kLong = 100'000;
  Steps next(kLong);
  for (uint32_t i = 0; i + 1 < kLong; ++i) next[i].push_back(i + 1);
  Reach reach(std::move(next));
  EXPECT_TRUE(reach.Leads(0, kLong - 1));
  EXPECT_FALSE(reach.Leads(kLong - 1, 0));
}

}  // namespace
}  // namespace glovebox::graph
