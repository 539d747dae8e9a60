#include "verify/verify.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_log.h"

namespace glovebox::verify {
namespace {

using access::Role;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kRead[] = "outside-read: p:1:1 read";

policy::Allowance For(const std::string& rule, const std::string& path = "") {
  policy::Allowance allowance;
  allowance.rule = rule;
  allowance.path = path;
  allowance.owner = "alice";
  allowance.reason = "until the rewrite";
  allowance.origin = {"glovebox.toml", 40, 1};
  return allowance;
}

TestLog Read(const std::string& path) {
  TestLog log;
  log.Begin(1, Role::kCustom, "gen/a.h").Against(1, Op::kOpen, path, kRead);
  return log;
}

TEST(Verify, ThePolicyGradesEachRule) {
  TestLog log = Read("/x");
  log.Against(1, Op::kUnlink, "/y", "outside-write: p");
  log.terms().severities["outside-read"] = {policy::Severity::kWarning, {}};
  Judgement verdict = log.Judge();
  EXPECT_EQ(verdict.errors(), 1u);
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[0].rule, "outside-write");  // errors first
  EXPECT_EQ(verdict.findings[1].severity, Severity::kWarning);
  log.terms().severities["outside-read"] = {policy::Severity::kOff, {}};
  EXPECT_THAT(log.Short(), ElementsAre("outside-write /y"));
}

TEST(Verify, AnAllowanceLetsPassWhatAllOfItsPatternsMatch) {
  const struct {
    const char* rule;
    const char* path;
    const char* edge;
    bool passes;
  } rows[] = {{"outside-read", "", "", true},
              {"*", "", "", true},
              {"outside-write", "", "", false},
              {"outside-read", "/opt/*", "", true},
              {"outside-read", "/op/*", "", false},
              {"outside-read", "/opt/*", "gen/*.h", true},
              {"outside-read", "/opt/*", "/build/gen/a.h", true},
              {"outside-read", "/opt/*", "gen/b.h", false}};
  for (const auto& row : rows) {
    TestLog log = Read("/opt/x");
    log.terms().allowances = {For(row.rule, row.path)};
    log.terms().allowances[0].edge = row.edge;
    const Judgement verdict = log.Judge();
    EXPECT_EQ(verdict.findings.empty(), row.passes) << row.rule << " " << row.path << " " << row.edge;
    EXPECT_EQ(verdict.allowed, row.passes ? 1u : 0u);
  }
}

TEST(Verify, AnAllowanceOfATestCoversWhatRunsInsideOfIt) {
  TestLog log;
  log.Test(1, "net.fetch")
      .Begin(2, Role::kCompile, "x.o", 1)
      .Against(2, Op::kConnect, "inet:10.0.0.1:443", "network-connect: p");
  log.terms().allowances = {For("network-connect")};
  log.terms().allowances[0].address = "inet:10.*:443";
  log.terms().allowances[0].test = "net.*";
  EXPECT_THAT(log.Short(), IsEmpty());
  log.terms().allowances[0].test = "io.*";
  EXPECT_EQ(log.Findings().size(), 1u);
}

TEST(Verify, AFoldedDirectoryPassesOnlyIfAllOfItDoes) {
  TestLog log;
  log.Begin(1, Role::kCustom, "a.h");
  for (const char* name : {"a.x", "b.x", "c.x", "d.y"})
    log.Against(1, Op::kOpen, std::string("/opt/") + name, kRead);
  log.terms().allowances = {For("outside-read", "/opt/*.x")};
  EXPECT_THAT(log.Short(), ElementsAre("outside-read /opt/"));
  log.terms().allowances[0].path = "/opt/*";
  EXPECT_THAT(log.Short(), IsEmpty());
}

TEST(Verify, AnExpiredAllowanceIsAnErrorOfItsOwnAsLongAsItIsNeeded) {
  TestLog log = Read("/x");
  log.terms().allowances = {For("outside-read", "/x")};
  log.terms().allowances[0].expires = {2024, 10, 4};
  EXPECT_THAT(log.Short(), IsEmpty());
  log.terms().allowances[0].expired = true;
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].rule, "outside-read");
  EXPECT_EQ(findings[1].rule, "allowance-expired");
  EXPECT_EQ(findings[1].severity, Severity::kError);
  EXPECT_EQ(findings[1].what,
            "the allowance of alice expired on 2024-10-04, and 1 finding needs it: until the rewrite");
  EXPECT_EQ(findings[1].place, "glovebox.toml:40:1");
  log.terms().allowances[0].path = "/other";
  EXPECT_THAT(log.Short(), ElementsAre("outside-read /x"));
  log.terms().allowances[0].path = "/x";
  log.terms().severities["allowance-expired"] = {policy::Severity::kOff, {}};
  EXPECT_THAT(log.Short(), ElementsAre("outside-read /x"));
}

TEST(Verify, ANewerAllowanceOutranksAnExpiredOne) {
  TestLog log = Read("/x");
  log.terms().allowances = {For("*"), For("outside-read")};
  log.terms().allowances[0].expired = true;
  const Judgement verdict = log.Judge();
  EXPECT_THAT(verdict.findings, IsEmpty());
  EXPECT_EQ(verdict.allowed, 1u);
}

TEST(Verify, ACleanRunHasNoFindings) {
  TestLog log;
  log.Begin(1, Role::kCompile, "a.o").Read(1, "/src/a.c").Write(1, "/build/a.o");
  log.Test(2, "a").Read(2, "/build/a.o").Write(2, "/build/a.out").Do(2, Op::kBind, "inet:127.0.0.1:0");
  EXPECT_THAT(log.Short(), IsEmpty());
}

// Of a path a star stops at a slash, and a set is one; of a name neither.
TEST(Verify, AnAllowanceNamesPathsAsAPolicyDoes) {
  const struct {
    const char* path;
    size_t findings;
  } rows[] = {{"/*/b[1-3].h", 0}, {"/a/**", 0}, {"/**/b2.h", 0},      {"/a/b2.h/**", 0}, {"/a", 1},
              {"/*", 1},          {"/a/b?", 1}, {"/a/b\\[1-3].h", 1}, {"/a/[!b]*", 1}};
  for (const auto& row : rows) {
    TestLog log = Read("/a/b2.h");
    log.terms().allowances = {For("outside-read", row.path)};
    EXPECT_EQ(log.Findings().size(), row.findings) << row.path;
  }
  TestLog net;
  net.Begin(1, Role::kCustom, "a.h").Against(1, Op::kConnect, "inet:10.0.0.1:443", "network-connect: p");
  net.terms().allowances = {For("network-connect", "")};
  for (const auto& [address, findings] :
       {std::pair("inet:10.*:443", 0u), std::pair("inet:10.*:80", 1u), std::pair("inet:[1]0.*", 1u)}) {
    net.terms().allowances[0].address = address;
    EXPECT_EQ(net.Findings().size(), findings) << address;
  }
}

TEST(Verify, AnAddressIsNoPathAndAPathNoAddress) {
  TestLog log = Read("/x");
  log.terms().allowances = {For("outside-read")};
  log.terms().allowances[0].address = "*";
  EXPECT_EQ(log.Findings().size(), 1u);
  TestLog net;
  net.Begin(1, Role::kCustom, "a.h").Against(1, Op::kConnect, "inet:10.0.0.1:443", "network-connect: p");
  net.terms().allowances = {For("network-connect", "/**")};
  EXPECT_EQ(net.Findings().size(), 1u);
}

}  // namespace
}  // namespace glovebox::verify
