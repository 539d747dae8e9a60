#include "compare/tell_bytes.h"

#include <algorithm>

#include "access/environment.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::compare {
namespace {

constexpr int64_t kBegan = 1795819948;

SideWitness SideAt(int64_t start, const std::string& host) {
  SideWitness side;
  side.build_dir = "/w/a";
  side.tmp = "/var/scratch";
  side.host = host;
  side.start_s = start;
  side.end_s = start + 60;
  return side;
}

// What two texts differ in, where they differ first.
struct Case {
  std::string a, b;
  Source source;
  std::string shown_a, shown_b;
};

Told Tell(const std::string& a, const std::string& b, SideWitness side_a, SideWitness side_b) {
  const size_t at = static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + std::min(a.size(), b.size()), b.begin()).first - a.begin());
  return TellBytes({a, at}, {b, at}, Witness(side_a, side_b));
}

TEST(TellBytes, KnowsWhatStandsThere) {
  const std::string later = std::to_string(kBegan + 3600);
  const std::string now = std::to_string(kBegan + 1);
  const Case cases[] = {
      {"at 12:59:59 o", "at 13:00:00 o", Source::kTime, "12:59:59", "13:00:00"},
      {"Nov 27 2026", "Nov 28 2026", Source::kTime, "Nov 27 2026", "Nov 28 2026"},
      {"Nov  9 2026", "Nov 10 2026", Source::kTime, "Nov  9 2026", "Nov 10 2026"},
      {"v2026-11-30.", "v2026-12-01.", Source::kTime, "2026-11-30", "2026-12-01"},
      {"t=" + now + ";", "t=" + later + ";", Source::kTime, now, later},
      {"t=" + now + "123456789", "t=" + later + "987654321", Source::kTime, now + "123456789",
       later + "987654321"},
      // No time of these builds.
      {"n=1234567890", "n=1334567890", Source::kUnknown, "1234567890", "1334567890"},
      {"on alpha!", "on beta!", Source::kHost, "alpha", "beta"},
      {"id 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "id 6ba7b811-9dad-11d1-80b4-00c04fd430c8", Source::kRandom,
       "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
      {"# 1 \"/var/scratch/in.Ab3\"", "# 1 \"/var/scratch/in.Xy7\"", Source::kTemporaryName,
       "/var/scratch/in.Ab3", "/var/scratch/in.Xy7"},
      // Below the directory for temporary files a project is none.
      {"/var/scratch/p/a.c", "/var/scratch/p/b.c", Source::kUnknown, "a", "b"},
      {"ccAbCdEf.o", "ccXyZwVu.o", Source::kTemporaryName, "ccAbCdEf", "ccXyZwVu"},
      {"sum 0123456789abcdef", "sum 0123456789abcdee", Source::kDigits, "0123456789abcdef",
       "0123456789abcdee"},
      {"pid 4711", "pid 4712", Source::kProcess, "4711", "4712"},
      {"left", "lift", Source::kUnknown, "left", "lift"},
  };
  SideWitness side_a = SideAt(kBegan, "alpha");
  SideWitness side_b = SideAt(kBegan + 3600, "beta");
  side_a.pids = {4711};
  side_b.pids = {4712};
  for (const Case& one : cases) {
    const Told told = Tell(one.a, one.b, side_a, side_b);
    EXPECT_EQ(SourceName(told.source), SourceName(one.source)) << one.a;
    EXPECT_EQ(one.a.substr(told.a.from, told.a.to - told.a.from), one.shown_a);
    EXPECT_EQ(one.b.substr(told.b.from, told.b.to - told.b.from), one.shown_b);
  }
}

TEST(TellBytes, AVariableIsKnownByTheDigestOfItsValue) {
  SideWitness side_a = SideAt(kBegan, "h");
  SideWitness side_b = side_a;
  side_a.environment["GREETING"] = access::VariableDigest("GREETING", "good day");
  side_b.environment["GREETING"] = access::VariableDigest("GREETING", "good night");
  const Told told = Tell("says \"good day\"", "says \"good night\"", side_a, side_b);
  EXPECT_EQ(told.source, Source::kEnvironment);
  EXPECT_EQ(told.detail, "GREETING");
  // In one of the two alone it is a chance.
  EXPECT_EQ(Tell("says \"good day\"", "says \"good dawn\"", side_a, side_b).source, Source::kUnknown);
}

TEST(TellBytes, SecondsInBinaryAreATimeWhereBothRunsHadIt) {
  const auto little = [](int64_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
    return bytes;
  };
  const std::string magic("\x1f\x8b\x08\x00", 4);
  const Told told = Tell(magic + little(kBegan + 5) + "x", magic + little(kBegan + 3605) + "x",
                         SideAt(kBegan, ""), SideAt(kBegan + 3600, ""));
  EXPECT_EQ(told.source, Source::kTime);
  EXPECT_EQ(told.a.from, 4u);
  EXPECT_EQ(Tell(magic + little(5), magic + little(6), SideAt(kBegan, ""), SideAt(kBegan, "")).source,
            Source::kUnknown);
}

}  // namespace
}  // namespace glovebox::compare
