// Policy files for tests: what the variables stand for, and what is wrong in files that are.
#ifndef GLOVEBOX_POLICY_POLICY_FILE_FIXTURE_H_
#define GLOVEBOX_POLICY_POLICY_FILE_FIXTURE_H_

#include <string>

#include "policy/policy_file.h"

namespace glovebox::policy {

inline PolicyFileOptions TestOptions() {
  return {"glovebox.toml", {"/src", "/b", "/home/ann", "/tmp", {"/cc/bin", "/cc/lib"}}, {2026, 6, 30}, {}};
}

struct BadFile {
  const char* text;
  const char* says;  // part of "glovebox.toml:LINE:COLUMN: ..."
};

inline constexpr BadFile kBadFiles[] = {
    // What TOML itself refuses.
    {"mode = ", "glovebox.toml:1:"},
    {"mode = \"report\"\nmode = \"enforce\"\n", "glovebox.toml:2:"},
    {"[compile\n", "glovebox.toml:1:"},
    {"read = [\"/a\"", "glovebox.toml:1:"},
    {"mode = \"\xff\"", "glovebox.toml:1:"},
    {"[.]", "glovebox.toml:1:"},
    {"\u00e9 = 1", "glovebox.toml:1:"},
    {"mode = \u00e9", "glovebox.toml:1:"},
    {"mode \u3001= 1", "glovebox.toml:1:"},
    {"\ufefb%[", "glovebox.toml:1:"},
    // Keys and sections.
    {"raed = [\"/a\"]", "glovebox.toml:1:1: unknown key \"raed\": did you mean \"read\"?"},
    {"\n  best_effort = true",
     "glovebox.toml:2:3: unknown key \"best_effort\": did you mean \"best-effort\"?"},
    {"[tests]\n", "glovebox.toml:1:2: unknown key \"tests\": did you mean \"test\"?"},
    {"[[rules]]\n", "did you mean \"rule\"?"},
    {"xyzzy = 1", "unknown key \"xyzzy\": say one of mode, best-effort"},
    {"[compile]\nwrite_add = []",
     "glovebox.toml:2:1: unknown key \"compile.write_add\": did you mean \"write-add\"?"},
    {"level-add = 1", "unknown key \"level-add\""},
    {"test = 1", "glovebox.toml:1:8: \"test\" is a whole number, and takes a table"},
    {"[compile.compile]\n", "unknown key \"compile.compile\""},
    {"policy = 1", "and takes a table"},
    {"[policy]\nmode = \"report\"", "say [policy.NAME]"},
    {"[policy.net]\nnetwerk = \"any\"",
     "glovebox.toml:2:1: unknown key \"policy.net.netwerk\": did you mean \"network\"?"},
    {"[policy.\"\"]\n", "a policy without a name"},
    // Words and truth values.
    {"mode = \"enforced\"", "glovebox.toml:1:8: \"mode\" cannot be \"enforced\": did you mean \"enforce\"?"},
    {"mode = 1", "is a whole number, and takes one of \"observe\", \"report\", \"enforce\""},
    {"level = \"strict\"", "\"level\" cannot be \"strict\": say one of open, full, off"},
    {"best-effort = \"yes\"", "is a string, and takes true or false"},
    {"private-tmp = 1", "takes true or false"},
    // Paths.
    {"read = \"/a\"",
     "glovebox.toml:1:8: \"read\" is a string, and takes a list of strings: read = [\"/a\"]"},
    {"read = [\"/a\",\n  1]", "glovebox.toml:2:3: \"read\" holds a whole number"},
    {"read = [\"data\"]",
     "glovebox.toml:1:9: path \"data\" is relative: say \"${source}/data\" or \"${build}/data\""},
    {"hidden = [\"~/.ssh\"]", "say \"${home}/.ssh\""},
    {"hidden = [\"~bob\"]", "say \"${home}\""},
    {"read = [\"${sorce}/x\"]", "has the unknown variable \"sorce\": did you mean \"source\"?"},
    {"read = [\"${source\"]", "lacks a }"},
    {"read = [\"${source}x\"]", "say \"${source}/x\""},
    {"read = [\"/a/${build}\"]", "does not stand at the beginning"},
    {"read = [\"${source}/../x\"]", "has a \"..\""},
    {"write = [\"${build}/*.o\"]", "is a pattern"},
    {"write = [\"\"]", "path \"\" is empty"},
    {"write = [\"/a\\u0000b\"]", "holds a NUL"},
    {"append-only = [\"${build}/[a.log\"]",
     "glovebox.toml:1:16: path \"${build}/[a.log\" has a [ that no ] ends"},
    {"append-only = [\"/a\\\\\"]", "ends in a backslash"},
    {"hidden = [\"/a/**x\"]", "has ** inside a name"},
    // Network.
    {"network = \"local\"", "\"network\" cannot be \"local\""},
    {"network = true", "takes one of"},
    {"network = {}", "says nothing"},
    {"network = \"named\"", "\"named\" takes addresses"},
    {"network = { conect = [] }", "unknown key \"network.conect\": did you mean \"connect\"?"},
    {"network = { connect = \"1.2.3.4\" }", "takes a list of strings: connect = [\"1.2.3.4\"]"},
    {"[compile.network]\nconnect = [\"1.2.3.4:1\",\n \"example.org:443\"]",
     "glovebox.toml:3:2: address \"example.org:443\""},
    {"network = { mode = \"any\", bind = [\"*:1\"] }", "allowed already"},
    {"network = { mode = \"any\", namespace = true }", "say mode = \"loopback\""},
    {"network = { connect = [\"10.0.0.1\"], namespace = true }", "loopback only"},
    // Variables.
    {"variables = [\"PATH\"]", "is a list, and takes a table"},
    {"variables = { unset = [\"A=B\"] }", "holds a ="},
    {"variables = { only = [\"A*B\"] }", "a * that does not end it"},
    {"variables.set.\"A*\" = \"x\"", "holds a *"},
    {"variables.set.GLOVEBOX_LEVEL = \"x\"", "one of Glovebox's own"},
    {"variables.set.A = 1", "\"variables.set.A\" is a whole number, and takes a string"},
    {"variables.set.A = \"\\u0000\"", "is set to a NUL"},
    {"variables.add.A = \"x\"", "unknown key \"variables.add\""},
    // Limits and bounds.
    {"limits = { nofiles = 1 }", "no limit is called 'nofiles'"},
    {"[limits]\nas = \"4Q\"", "glovebox.toml:2:6: limit AS: '4Q' ends in 'Q'"},
    {"limits = { cpu = -1 }", "is negative"},
    {"limits = { cpu = 1.5 }", "is a number with a point"},
    {"limits = { nice = 99 }", "between 1 and 40"},
    {"wall-clock = \"10 minutes\"", "\"wall-clock\": time \"10 minutes\""},
    {"wall-clock = 0", "is none"},
    {"total-memory = \"2GB\"", "ends in \"GB\""},
    {"total-processes = \"many\"", "no number of processes"},
    {"capabilities = { keep = [\"chwon\"] }",
     "glovebox.toml:1:26: unknown capability \"chwon\": did you mean \"chown\"?"},
    {"capabilities = { keep = [\"CAP_CHWN\"] }", "did you mean \"CAP_CHOWN\"?"},
    {"capabilities = { keep = [\"xyzzyxyzzy\"] }", "see capabilities(7) for the names"},
    {"capabilities = { keeps = [] }", "unknown key \"capabilities.keeps\": did you mean \"keep\"?"},
    // Rules.
    {"rule = 1", "say [[rule]]"},
    {"[rule]\ntarget = \"a\"", "say [[rule]]"},
    {"rule = [1]", "no table"},
    {"[[rule]]\nmode = \"report\"", "glovebox.toml:1:1: a rule for nobody"},
    {"[[rule]]\ntarget = \"a\"", "says nothing"},
    {"[[rule]]\ntarget = \"\"\nmode = \"report\"", "selects nothing"},
    {"[[rule]]\ntest = []\nmode = \"report\"", "selects nothing"},
    {"[[rule]]\nedge = 1\nmode = \"report\"", "takes a list of strings"},
    {"[[rule]]\nrole = \"tset\"\nmode = \"report\"",
     "glovebox.toml:2:8: unknown role \"tset\": did you mean \"test\"?"},
    {"[[rule]]\ntargets = \"a\"\nmode = \"report\"",
     "unknown key \"rule.targets\": did you mean \"target\"?"},
    // Severities and allowances.
    {"[severity]\nmissing-input = \"warn\"",
     "glovebox.toml:2:17: \"severity.missing-input\" cannot be \"warn\""},
    {"[severity]\nMissing = \"off\"", "is no rule of findings"},
    {"severity = \"off\"", "takes a table"},
    {"[allow]\nrule = \"a\"", "say [[allow]]"},
    {"allow = [1]", "no table"},
    {"[[allow]]\nowner = \"a\"\nreason = \"b\"\nexpires = 2027-01-01", "has no rule"},
    {"[[allow]]\nrule = \"a\"\nreason = \"b\"\nexpires = 2027-01-01",
     "glovebox.toml:1:1: this allowance has no owner"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nexpires = 2027-01-01", "has no reason"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"", "has no expires"},
    {"[[allow]]\nrule = \"a\"\nowner = \" \"\nreason = \"c\"\nexpires = 2027-01-01",
     "\"allow.owner\" is empty"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"\nexpires = \"soon\"",
     "glovebox.toml:5:11: \"allow.expires\" is no day"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"\nexpires = \"2027-02-30\"", "is no day"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"\nexpires = 2027-01-01T00:00:00Z", "is no day"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"\nexpires = 2027-01-01\npath = \"x\"",
     "is relative"},
    {"[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"\nexpires = 2027-01-01\nuntil = 1",
     "unknown key \"allow.until\""},
};

// Everything that a file may say, once.
inline constexpr char kWholeFile[] = R"toml(# all keys
mode = "enforce"
best-effort = true
level = "full"
confine-files = true
read-add = ["/srv/data"]
write-add = ["${tmp}/cache"]
append-only = ["${build}/Testing/Temporary/*.log"]
hidden = ["${home}/.ssh", "${source}/**/*.key"]
hide-by-namespace = false
strict-inputs = true
private-tmp = true
private-home = true
wall-clock = "1h"
total-memory = "2G"
total-processes = 64
deny-noappend = true
restrict-kptr = false
restrict-prlimit = false
deny-tsc = false
scope-signals = true
scope-abstract-unix = true
reset-signals = true
kernel-only = false
allow-speculation = false

[variables]
only = ["PATH", "LC_*"]
unset = ["LC_ALL"]
set = { TZ = "UTC" }

[limits]
nofile = 1024
as = "4G"
core = "inherit"

[capabilities]
drop = ["all"]
keep = ["chown"]

[compile]
network = "none"
[link]
read = ["${toolchain}", "/usr"]
[custom]
write = ["${build}/gen"]
[configure.network]
mode = "unix"
connect = ["10.0.0.0/8:443", "[2001:db8::]/32:80-90"]
bind = ["127.0.0.1:8000-8010"]
[edge]
hidden-add = ["/etc/shadow"]
[run]
append-only-add = ["/srv/log/*"]
[test]
network = { mode = "loopback", namespace = true }

[[rule]]
target = ["gen_*", "tool"]
edge = "gen/*.cc"
role = ["custom", "edge"]
level = "open"
[[rule]]
test = "Net.*"
network = "any"

[policy.slow]
wall-clock = 7200

[severity]
missing-input = "error"
test-fixed-port = "off"

[[allow]]
rule = "outside-write"
path = "${home}/.cache/ccache/**"
address = "inet:*"
target = "t"
edge = "e"
test = "x"
owner = "ann"
reason = "the cache is shared"
expires = 2026-12-31
)toml";

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_FILE_FIXTURE_H_
