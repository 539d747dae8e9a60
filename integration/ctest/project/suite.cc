#include <gtest/gtest.h>
TEST(Suite, Passes) {}
TEST(Suite, Fails) { FAIL(); }
TEST(Suite, Skips) { GTEST_SKIP(); }
TEST(Suite, DISABLED_Never) {}
class Values : public testing::TestWithParam<const char*> {};
TEST_P(Values, Holds) {}
INSTANTIATE_TEST_SUITE_P(Some, Values, testing::Values("a;b", "[c]", "\"d\""));
