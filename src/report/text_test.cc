#include "report/text.h"

#include <stdlib.h>

#include <functional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using access::Role;
using testing::HasSubstr;
using testing::Not;

TestLog Busy() {
  TestLog log;
  log.Begin(1, Role::kEdge, {}, 0, {"/bin/sh", "-c", "cc -c a.c"});
  log.Begin(2, Role::kCompile, {"a.o"}, 1).Open(2, "/src/a.c").Open(2, "/usr/include/stdio.h");
  log.Open(2, "/src/stdio.h", access::Result::kAbsent).Open(2, "/home/u/.ccrc").Create(2, "/tmp/cc1.s");
  log.Do(2, Op::kUnlink, "/tmp/cc1.s").Create(2, "/build/a.o").End(2).End(1);
  log.Begin(3, Role::kCustom, {"gen.h"}).Connect(3, "inet:10.0.0.1:443").Create(3, "/src/gen.h");
  log.Hole(3, "memory-unreadable", "openat: EFAULT").End(3, 1);
  return log;
}

TEST(Text, AReportPutsWhatCannotBeTrustedFirst) {
  TestLog log = Busy();
  log.log().tears.push_back({"b.gbx", 12345, "torn record"});
  const std::string text = TextReport(Summarize(log.Take()), {}, false);
  EXPECT_EQ(text, R"(Glovebox report of /build
  17 ms, exit status 0
  command  ninja -j2
  source   /src

1 of 3 actions was not seen in full.
  #3 gen.h: memory-unreadable: openat: EFAULT

The log is damaged in 1 place
  b.gbx from byte 12,345 on: torn record

Not seen: 1 hole
  memory-unreadable in #3 gen.h: openat: EFAULT

Network: 1 endpoint
  inet:10.0.0.1:443  connect  by /usr/bin/cc1 in #3 gen.h

Written outside the build directory: 1 file
  created       source     /src/gen.h  by #3 gen.h

Read outside source, build, toolchain and system: 1 file
  home     /home/u/.ccrc  by #2 a.o

Names touched: 7
               read    seen created changed removed renamed    temp  absent
  source          1       -       1       -       -       -       -       1
  build           -       -       1       -       -       -       -       -
  toolchain       1       -       -       -       -       -       -       -
  home            1       -       -       -       -       -       -       -
  tmp             -       -       -       -       -       -       1       -
  all             3       -       2       -       -       -       1       1

3 actions, 9 accesses
  edge            1  seen in full
  compile         1  seen in full
  custom          1  1 incomplete

Slowest
         8 ms  compile  #2 a.o  cpu 2 ms
         4 ms  custom   #3 gen.h  cpu 2 ms

log      /state/b-1/2026 (4.0 KiB)
more     glovebox explain FILE | OUTPUT | '#NUMBER'
)");
}

TEST(Text, AnEmptyOrCutRunSaysSo) {
  TestLog empty;
  EXPECT_THAT(TextReport(Summarize(empty.Take()), {}, false), HasSubstr("Nothing was recorded."));
  TestLog going;
  going.log().being_written = true;
  EXPECT_THAT(TextReport(Summarize(going.Take(false)), {}, false), HasSubstr("Nothing is recorded so far."));
  TestLog cut;
  cut.Begin(1, Role::kRun, {}, 0, {"x"}).End(1);
  const std::string text = TextReport(Summarize(cut.Take(false)), {}, false);
  EXPECT_THAT(text, HasSubstr("cut off: its end was not recorded"));
  EXPECT_THAT(text, HasSubstr("The one action was seen in full."));
  EXPECT_THAT(text, HasSubstr("Network: none"));
}

TEST(Text, ARunWithoutActionsOfWhichTheLogWasLostIsNotMistakenForACleanOne) {
  const std::string lost = "access log /state/" + std::string(100, 'x') + "/\n was removed";
  const struct {
    std::function<void(TestLog&)> damage;
    bool ended;
    std::string why;
  } rows[] = {
      {[&](TestLog& log) { log.Hole(0, "other", "o").Hole(0, "log-lost", lost); }, true, EscapeBytes(lost)},
      {[](TestLog& log) { log.Hole(0, "ninja-not-entered", "a static\x1b Ninja"); }, true,
       "ninja-not-entered: a static\\x1b Ninja"},
      {[](TestLog& log) {
         log.Hole(0, "other", "o");
         log.log().tears.push_back({"(none)", 0, "cut off before its first record", true});
       },
       false, "its log is damaged: cut off before its first record"},
      {[](TestLog&) {}, false, "it was cut off"},
  };
  for (const auto& row : rows) {
    TestLog log;
    row.damage(log);
    const Summary summary = Summarize(log.Take(row.ended));
    Style narrow;
    narrow.width = 40;
    for (const Style& style : {Style(), narrow}) {
      const std::string text = TextReport(summary, style, false);
      EXPECT_THAT(text, HasSubstr("\n\nNOT KNOWN what this run touched: " + row.why + "\n"));
      EXPECT_THAT(text, Not(HasSubstr("Nothing was recorded")));
      EXPECT_THAT(text, HasSubstr("\nNetwork: not known\n"));
      EXPECT_THAT(text, Not(HasSubstr("Names touched")));
    }
    EXPECT_EQ(OneLine(summary), "NOT KNOWN what this run touched: " + row.why);
  }
}

constexpr char kStillWritten[] = "not sealed: still being written";

TEST(Text, ARunThatGoesOnIsNotCalledDamaged) {
  TestLog log;
  log.Begin(1, Role::kRun, {}, 0, {"x"}).End(1);
  log.log().being_written = true;
  log.log().tears.push_back({"a.gbx", 12, kStillWritten, false, true});
  const std::string text = TextReport(Summarize(log.Take(false)), {}, false);
  EXPECT_THAT(text, HasSubstr("still running"));
  EXPECT_THAT(text, HasSubstr("The one action was seen in full.\n"));
  EXPECT_THAT(text, HasSubstr("\nThe log is still being written: this is what it holds so far\n"));
  EXPECT_THAT(text, Not(HasSubstr("damaged")));
  EXPECT_THAT(text, Not(HasSubstr("cut off")));
}

// A segment that grows excuses no other, nor what else is wrong with itself.
TEST(Text, WhatIsDamagedIsSaidWhileTheRunGoesOn) {
  TestLog log;
  log.log().being_written = true;
  log.log().tears.push_back({"a.gbx", 12, kStillWritten, false, true});
  log.log().tears.push_back({"b.gbx", 12, "torn record"});
  log.log().tears.push_back({"c.gbx", 12, "not sealed: its writer was killed"});
  log.log().tears.push_back({"d.gbx", 0, absl::StrCat(kStillWritten, "; not of this run"), true, true});
  EXPECT_THAT(TextReport(Summarize(log.Take(false)), {}, false), HasSubstr(R"(
The log is still being written: this is what it holds so far

The log is damaged in 3 places
  b.gbx from byte 12 on: torn record
  c.gbx from byte 12 on: not sealed: its writer was killed
  d.gbx from byte 0 on: not sealed: still being written; not of this run
)"));
}

TEST(Text, WhatACommandWritesInItsOwnDirectoryIsNotOutside) {
  TestLog log;
  log.build().source_dir = "/build";
  log.Begin(1, Role::kRun, {}, 0, {"x"}).Create(1, "/build/new").Create(1, "/build/sub/new");
  const std::string inside = TextReport(Summarize(log.Take()), {}, false);
  EXPECT_THAT(inside, Not(HasSubstr("Written outside")));
  EXPECT_THAT(inside, HasSubstr("source          -       -       2"));

  TestLog other;
  other.build().source_dir = "/build";
  other.Begin(1, Role::kRun, {}, 0, {"x"}).Create(1, "/build/new").Create(1, "/buildings").End(1);
  const std::string beside = TextReport(Summarize(other.Take()), {}, false);
  EXPECT_THAT(beside, HasSubstr("Written outside the build directory: 1 file"));
  EXPECT_THAT(beside, HasSubstr("created       outside    /buildings"));

  // CMake knows better than the run where the source is.
  TestLog apart;
  apart.Begin(1, Role::kRun, {}, 0, {"x"}).Create(1, "/src/new").End(1);
  EXPECT_THAT(TextReport(Summarize(apart.Take()), {}, false), HasSubstr("created       source     /src/new"));
}

TEST(Text, ListsAreShortUnlessAllIsWanted) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  for (int i = 0; i < 30; ++i) log.Create(1, absl::StrCat("/src/gen", 10 + i));
  const Summary summary = Summarize(log.End(1).Take());
  const std::string few = TextReport(summary, {}, false);
  EXPECT_THAT(few, HasSubstr("... and 22 more (--all)"));
  EXPECT_THAT(few, Not(HasSubstr("/src/gen39")));
  const std::string all = TextReport(summary, {}, true);
  EXPECT_THAT(all, HasSubstr("/src/gen39"));
  EXPECT_THAT(all, Not(HasSubstr("--all")));
}

// Names that would break a line, a column or a terminal.
TEST(Text, NoByteOfANameReachesTheTerminalRaw) {
  TestLog log;
  const std::string hostile[] = {
      "/srv/new\nline",  "/srv/\x1b[31mred", "/srv/\xff\xfe", "/srv/tab\tx", "/srv/" + std::string(4091, 'n'),
      "/srv/c1\xc2\x9b", "/srv/b\\s"};
  log.Begin(1, Role::kCustom, {"o\nut\x1b"}, 0, {"sh\n"});
  for (const std::string& name : hostile) log.Create(1, name);
  access::ActionEnd end;
  end.action = 1;
  end.kind = access::ActionEnd::Kind::kSandboxFailed;
  end.step = "st\nep";
  end.left_over = {"7 \x1b"};
  log.Hole(1, "ki\nnd", "de\x1btail").Connect(1, "unix:@a\nb").Add(end);
  log.log().tears.push_back({"s\x1b", 1, "r\n"});
  const std::string text = TextReport(Summarize(log.Take()), {}, true);
  for (const char c : text) EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  EXPECT_THAT(
      text, HasSubstr("\n1 process outlived its command (ended by Glovebox where still there at the end)\n"));
  EXPECT_THAT(text, HasSubstr("/srv/new\\nline"));
  EXPECT_THAT(text, HasSubstr("/srv/\\xff\\xfe"));
  EXPECT_THAT(text, HasSubstr("/srv/c1\\xc2\\x9b"));
  EXPECT_THAT(text, HasSubstr("/srv/b\\\\s"));
  EXPECT_THAT(text, HasSubstr(std::string(4091, 'n')));
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_FALSE(absl::StartsWith(line, "line"));
  }
}

TEST(Text, WhatALimitEndedIsNamedWithItsValue) {
  TestLog log;
  for (const access::ActionId id : {1u, 2u}) {
    access::ActionEnd end;
    end.action = id;
    end.time_ns = 5'000'000'000;
    end.kind = access::ActionEnd::Kind::kSignaled;
    end.status = 9;
    end.peak_bytes = 540u << 20;
    if (id == 1) {
      end.limit = "total memory 512 MiB: 540 MiB";
      end.measured = "sampled";
      end.peak_processes = 3;
    }
    log.Begin(id, Role::kTest, {id == 1 ? "one" : "two"}).Add(end);
  }
  const Summary summary = Summarize(log.Take());
  const std::string text = TextReport(summary, {}, false);
  EXPECT_THAT(text, HasSubstr("\nEnded by a limit: 1 action\n  total memory 512 MiB: 540 MiB  in #1 one\n"));
  EXPECT_THAT(text, HasSubstr("#1 one  peak 540 MiB in 3 tasks (sampled)"));
  EXPECT_THAT(text, HasSubstr("#2 two  peak 540 MiB in one process"));
  EXPECT_THAT(OneLine(summary), HasSubstr("; 1 action ended by a limit"));
  EXPECT_THAT(TextReport(Summarize(TestLog().Take()), {}, false), Not(HasSubstr("limit")));
}

TEST(Text, TheWidthHolds) {
  TestLog log = Busy();
  log.Begin(9, Role::kCustom, {std::string(300, 'o')}).Create(9, "/srv/" + std::string(400, 'x')).End(9);
  const Summary summary = Summarize(log.Take());
  const auto cut_out_the_numbers = [](std::string text) {
    const size_t at = text.find("\nNames touched");
    std::string numbers = text.substr(at, text.find("\nSlowest") - at);
    text.erase(at, numbers.size());
    return std::pair(std::move(text), std::move(numbers));
  };
  const std::string numbers = cut_out_the_numbers(TextReport(summary, {}, true)).second;
  EXPECT_THAT(numbers, HasSubstr("toolchain"));
  for (const int width : {30, 40, 72, 80, 120}) {
    const auto [text, uncut] = cut_out_the_numbers(TextReport(summary, {width, false}, true));
    EXPECT_EQ(uncut, numbers) << "a row of numbers is never cut";
    EXPECT_THAT(text, HasSubstr(" 8 ms  compile  #"));
    if (width < 40) continue;
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      if (absl::StartsWith(line, "log ") || absl::StartsWith(line, "more ")) continue;  // for copying
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(Text, ColourIsPaintedOnlyWhereItIsWanted) {
  TestLog log = Busy();
  const Summary summary = Summarize(log.Take());
  EXPECT_THAT(TextReport(summary, {0, true}, false), HasSubstr("\x1b[33m1 of 3"));
  EXPECT_THAT(TextReport(summary, {0, false}, false), Not(HasSubstr("\x1b")));
}

TEST(Text, OneLineSaysTheMostImportant) {
  TestLog log = Busy();
  EXPECT_EQ(
      OneLine(Summarize(log.Take())),
      "3 actions, 1 incomplete: 3 files read, 2 written, 1 absent; network: inet:10.0.0.1:443; #3 gen.h: "
      "memory-unreadable: openat: EFAULT");
  TestLog clean;
  clean.Begin(1, Role::kRun, {}, 0, {"true"}).Open(1, "/etc/hostname").End(1);
  EXPECT_EQ(OneLine(Summarize(clean.Take())),
            "1 action seen in full: 1 file read, 0 written, 0 absent; no network");
}

}  // namespace
}  // namespace glovebox::report
