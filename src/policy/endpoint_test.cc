#include "policy/endpoint.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;

Endpoint Only(absl::string_view text) {
  const auto parsed = ParseEndpoint(text);
  EXPECT_OK(parsed) << text;
  if (!parsed.ok() || parsed->size() != 1) return {};
  return parsed->front();
}

TEST(EndpointTest, AnAddressAloneIsAllOfItsPorts) {
  const Endpoint one = Only("127.0.0.1");
  EXPECT_FALSE(one.ipv6);
  EXPECT_EQ(one.prefix, 32);
  EXPECT_EQ(one.address[0], 127);
  EXPECT_EQ(one.address[3], 1);
  EXPECT_EQ(one.first_port, 0);
  EXPECT_EQ(one.last_port, 65535);
  EXPECT_EQ(one.text, "127.0.0.1");
  EXPECT_EQ(Only("127.0.0.1:*").last_port, 65535);
}

TEST(EndpointTest, ANetworkHasAPrefixAndAPortOrARange) {
  const Endpoint net = Only("10.0.0.0/8:443");
  EXPECT_EQ(net.prefix, 8);
  EXPECT_EQ(net.first_port, 443);
  EXPECT_EQ(net.last_port, 443);
  const Endpoint range = Only("127.0.0.1:8000-8010");
  EXPECT_EQ(range.first_port, 8000);
  EXPECT_EQ(range.last_port, 8010);
  EXPECT_EQ(Only("0.0.0.0/0:1").prefix, 0);
}

TEST(EndpointTest, IPv6StandsInBracketsOrBareWithoutAPort) {
  for (const char* text : {"[::1]:80", "[::1/128]:80", "[::1]/128:80"}) {
    const Endpoint one = Only(text);
    EXPECT_TRUE(one.ipv6) << text;
    EXPECT_EQ(one.prefix, 128) << text;
    EXPECT_EQ(one.first_port, 80) << text;
    EXPECT_EQ(one.address[15], 1) << text;
  }
  EXPECT_EQ(Only("2001:db8::/32").prefix, 32);
  EXPECT_EQ(Only("[2001:db8::]/32").last_port, 65535);
}

// As an address they are another one than who wrote them meant.
TEST(EndpointTest, AnIPv6AddressThatCouldEndInAPortStandsInBrackets) {
  const std::pair<const char*, const char*> rows[] = {
      {"::1:80", "say \"[::1]:80\" or \"[::1:80]\""},
      {"2001:db8::5:443", "say \"[2001:db8::5]:443\" or \"[2001:db8::5:443]\""},
      {"1:2:3:4:5:6:7:8:80", "say \"[1:2:3:4:5:6:7:8]:80\""},
      {"::ffff:10.0.0.1:80", "say \"[::ffff:10.0.0.1]:80\""},
  };
  for (const auto& [text, mend] : rows)
    EXPECT_THAT(std::string(ParseEndpoint(text).status().message()), testing::EndsWith(mend)) << text;
  for (const char* text :
       {"::1", "::", "2001:db8::1", "1:2:3:4:5:6:7:8", "2001:db8::abcd", "2001:db8::1:0/112"})
    EXPECT_TRUE(Only(text).ipv6) << text;
}

TEST(EndpointTest, AStarIsEveryAddressOfBothFamilies) {
  const auto parsed = ParseEndpoint("*:443");
  ASSERT_OK(parsed);
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_FALSE((*parsed)[0].ipv6);
  EXPECT_TRUE((*parsed)[1].ipv6);
  for (const Endpoint& one : *parsed) {
    EXPECT_EQ(one.prefix, 0);
    EXPECT_EQ(one.first_port, 443);
  }
}

TEST(EndpointTest, WhatIsWrongIsSaidWithTheMend) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"", "is empty"},
      {"example.org:443", "names of hosts are not looked up"},
      {"localhost:80", "say 127.0.0.1 or [::1]"},
      {"https://10.0.0.1", "is a URL"},
      {"10.0.0.1/8:443", "say 10.0.0.0/8"},
      {"10.0.0.0/33", "from 0 to 32"},
      {"10.0.0.0/:1", "the prefix \"\""},
      {"[2001:db8::1]/32:80", "say 2001:db8::/32"},
      {"[::1]/129", "from 0 to 128"},
      {"[::1", "lacks a ]"},
      {"[::1]80", "behind its ]"},
      {"[::/8]/8", "two prefixes"},
      {"1.2.3:80", "no IPv4 address"},
      {"1.2.3.4:65536", "from 0 to 65535"},
      {"1.2.3.4:", "the port \"\""},
      {"1.2.3.4:http", "the port \"http\""},
      {"1.2.3.4:-1", "the port"},
      {"1.2.3.4: 80", "the port"},
      {"1.2.3.4:90-80", "say 80-90"},
      {"1:2:3", "no IPv6 address"},
      {"*/8:80", "leave its prefix out"},
  };
  for (const auto& one : cases) {
    const auto parsed = ParseEndpoint(one.text);
    ASSERT_FALSE(parsed.ok()) << one.text;
    EXPECT_THAT(parsed.status().message(), HasSubstr(one.says)) << one.text;
  }
}

}  // namespace
}  // namespace glovebox::policy
