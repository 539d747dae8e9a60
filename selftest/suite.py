#!/usr/bin/env python3
"""Runs the hostile programs twice: bare, where each must take effect, and inside `glovebox run`, where it must not.

Who refused is told apart. A row shows something of Glovebox where it took effect bare, as the same user, or where its
refusal is on record with a rule: what the kernel alone refuses this user anyway is said, and not counted.

usage: suite.py --bin DIR --glovebox PROGRAM [--verbose] [FAMILY or NAME...]     (a family's blanks as '-')
exit 0: all as the rows say; 1: at least one is not; 77: nothing could be tried, or showed anything
What a row says is in selftest/scenario.h; DIR holds glovebox-scenario and its twins.
"""
import argparse
import errno
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

STARTED = "started"
UNTRIED = "untried"
# What a row can come to that is neither a failure nor left out.
SHOWN = {"difference": "shown by taking effect bare", "record": "by their record alone",
         "neither": "by neither (not tried bare, nothing to record)", "works": "recorded, working or known not to be held",
         "kernel": "refused by the kernel alone: they show nothing of Glovebox"}

# A line of `glovebox log dump` about one access: src/access/dump.cc. No name can end its quotes.
QUOTED = r'"(?:[^"\\]|\\.)*"'
ACCESS = re.compile(rf"[\d.]+ #\d+ \d+ (?P<op>\S+) (?P<result>\S+) {QUOTED}(?: (?:=|->) {QUOTED})* "
                    rf"\((?P<call>[^()]*)\) by .*?(?: against (?P<rule>{QUOTED}))?")


class Host:
    """What this host has, asked once."""

    def __init__(self, glovebox):
        self.root = os.geteuid() == 0
        self.userns = subprocess.run(["unshare", "-U", "true"], capture_output=True).returncode == 0
        host = subprocess.run([glovebox, "host", "--json"], capture_output=True, text=True).stdout
        self.landlock = json.loads(host)["landlock_abi"]
        self.namespaces = self.userns or all(
            subprocess.run(["unshare", flag, "true"], capture_output=True).returncode == 0 for flag in ("-m", "-n"))

    def why_not(self, row):
        """Why the row cannot be tried on this host at all."""
        needs = row["needs"]
        if "root" in needs and not self.root:
            return "root alone can try it"
        if "x86" in needs and platform.machine() != "x86_64":
            return "x86-64 alone has it"
        if "landlock-scope" in needs and self.landlock < 6:
            return f"Landlock's scopes need ABI 6, this host has {self.landlock}"
        if "-namespace" in row["options"] and not self.namespaces:
            return "no namespace can be had here"
        return None

    def bare_takes_effect(self, row):
        needs = row["needs"]
        return not ("userns" in needs and not self.userns) and not ("bare-root" in needs and not self.root)


def attempt(command, env):
    """(effect; None when it did not start, "untried" when this host lacks what it tries; errno, detail, stderr)"""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    lines = []
    for line in done.stdout.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pass
    outcomes = [line for line in lines if "effect" in line]
    if outcomes:
        last = outcomes[-1]
        untried = [line for line in outcomes if not line.get("tried", True)]
        if untried:
            return UNTRIED, 0, untried[0]["detail"], done.stderr
        return last["effect"], last["errno"], last["detail"], done.stderr
    started = any(STARTED in line for line in lines)
    return (False if started else None), 0, f"ended with status {done.returncode}", done.stderr


class Suite:
    def __init__(self, args):
        self.bin, self.glovebox, self.verbose = args.bin, args.glovebox, args.verbose
        self.stage = os.path.join(self.bin, "glovebox-scenario")
        self.host = Host(args.glovebox)
        self.failed, self.skipped, self.counts = [], 0, dict.fromkeys(SHOWN, 0)

    def program(self, row):
        twin = "-static" if "static" in row["needs"] else "-asan" if "sanitizer" in row["needs"] else ""
        return self.stage + twin

    def say(self, verdict, row, text):
        if verdict == "FAILED":
            self.failed.append(row["name"])
        elif verdict == "skipped":
            self.skipped += 1
        else:
            self.counts[verdict] += 1
        if verdict in ("FAILED", "skipped", "kernel", "neither") or self.verbose:
            print(f"{verdict:10} {row['name']}: {text}")

    def bare(self, row):
        """(how, text): "effect"; "none" where this user has no effect even without us; "unasked"; a verdict."""
        if row["not_bare"]:
            return "unasked", row["not_bare"]
        env = dict(os.environ, GLOVEBOX_STATE_DIR="/nonexistent/glovebox")
        # A race is won by chance: on a busy machine not always at the first try.
        for _ in range(20 if row["name"].startswith("race-") else 1):
            effect, error, detail, err = attempt(
                [self.stage, "--stage", row["name"], self.program(row), row["name"]], env)
            if effect or effect is None:
                break
        if effect is None and "net" in row["needs"]:
            return "skipped", f"no network namespace: {err.strip()}"
        if effect is None:
            return "FAILED", f"bare: {detail}: {err.strip()}"
        if effect == UNTRIED:
            return "skipped", detail
        if effect:
            return "effect", detail
        if not self.host.bare_takes_effect(row):
            return "none", f"bare as well: {detail} ({errno.errorcode.get(error, error)})"
        return ("skipped" if "kernel" in row["needs"] else "FAILED"), f"bare it has no effect: {detail}"

    def accesses(self, log):
        dump = subprocess.run([self.glovebox, "log", "dump", "--log", log], capture_output=True, text=True).stdout
        return [(line, found) for line in dump.splitlines() if (found := ACCESS.fullmatch(line))]

    def recorded(self, row, log, err):
        if row["record"] == "@LOG-LOST@":
            return "access log" in err
        return any(row["record"] in line for line, _ in self.accesses(log))

    def refusal(self, row, log, err):
        """The rule by which the call that the row names was refused: by the log, and by a finding of the run's own."""
        for line, found in self.accesses(log):
            if row["record"] not in line or found["result"] != "refused":
                continue
            if not found["call"].endswith("denied"):  # refused by the kernel, not by us or for us
                continue
            # What holds without a policy has no place to name.
            rule = found["rule"].strip('"') if found["rule"] else "forbidden-call" if found["op"] == "forbidden" else ""
            if rule and f"[{rule.split(':')[0]}]:" in err:
                return rule
        return None

    def inside(self, row, how, text):
        """(verdict, text), where `how` it went bare, and `text` says of that."""
        options, record = row["options"].split(), row["record"]
        place = tempfile.mkdtemp(prefix="glovebox-suite.")
        log = os.path.join(place, "log")
        env = dict(os.environ, GLOVEBOX_TEST_LOG=log, GLOVEBOX_STATE_DIR=os.path.join(place, "state"))
        if "sanitizer" in row["needs"]:
            env.pop("LD_PRELOAD", None)
        try:
            effect, _, detail, err = attempt(
                [self.stage, "--stage", row["name"], self.glovebox, "run", "--log", log, *options, "--",
                 self.program(row), row["name"]], env)
            wanted = {"always": False, "option": False, "works": True, "not": True, "recorded": True}[row["holds"]]
            if effect is None:
                return "FAILED", f"inside: {detail}: {err.strip()}"
            if effect == UNTRIED:  # bare it could, or nobody looked
                return ("skipped" if row["not_bare"] else "FAILED"), f"inside: {detail}"
            if effect != wanted:
                return "FAILED", f"inside: {'it took effect' if effect else 'no effect'}: {detail}"
            if wanted:
                if record and not self.recorded(row, log, err):
                    return "FAILED", f"inside: not on record ({record}): {detail}"
                return "works", detail
            rule = self.refusal(row, log, err) if record else None
            if record and rule is None:
                return "FAILED", f"inside: no refusal with a rule on record ({record}): {detail}"
            if how == "effect":
                return "difference", detail + (f": {rule}" if rule else "")
            if rule:
                return "record", f"{detail}: {rule}; {text}"
            return ("kernel" if how == "none" else "neither"), text
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def run(self, row):
        why = self.host.why_not(row)
        verdict, text = ("skipped", why) if why else self.bare(row)
        if verdict not in ("skipped", "FAILED"):
            verdict, text = self.inside(row, verdict, text)
        self.say(verdict, row, text)

    def sum_up(self):
        """How many rows show what; the number of those that are as they shall be."""
        counts = self.counts
        print(f"{counts['difference'] + counts['record']} refusals are Glovebox's: "
              + "; ".join(f"{counts[kind]} {words}" for kind, words in SHOWN.items()))
        passed = sum(counts.values())
        print(f"{passed} as they shall be, {len(self.failed)} not, {self.skipped} skipped")
        return passed - counts["kernel"]


def check_docs(path, names):
    """Each scenario stands in the document, and what stands there alone between backticks in lower case is one."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    told = set(re.findall(r"`([a-z0-9][a-z0-9-]+)`", text)) - {"clone3", "like-this"}
    for name in sorted(names - told):
        print(f"{path} does not name {name}")
    for name in sorted(told - names):
        print(f"{path} names {name}, which is no scenario")
    return 1 if names != told else 0


def check_selftest(glovebox):
    """A full `glovebox selftest`, as a person runs it first: its verdict, its exit status and its rows are one."""
    done = subprocess.run([glovebox, "selftest", "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    said = json.loads(done.stdout)
    host = said["host"]
    broken = [row for row in said["scenarios"] if row["verdict"] == "broken"]
    can = host["seccomp_notify"] and not host["foreign_proc"]
    holds = can and not any(row["options"] == "" for row in broken)
    wrong = []
    if said["default_policy_holds"] != holds:
        wrong.append(f"default_policy_holds is {said['default_policy_holds']}, and the rows say {holds}")
    if done.returncode != (0 if holds else 3):
        wrong.append(f"it holds: {holds}, and the exit status is {done.returncode}")
    # The default policy needs no more than this (docs/security.md): here all of it is to be held.
    if can and not host["listener_above"] and host["landlock_abi"] >= 6:
        wrong += [f"broken: {row['name']}: {row['detail']}" for row in broken]
    print("\n".join(wrong) if wrong else f"{len(said['scenarios'])} scenarios, the default policy holds: {holds}")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--glovebox", required=True)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--docs", help="hold that this file names every scenario, and no other")
    parser.add_argument("--selftest", action="store_true", help="hold what a full `glovebox selftest` says instead")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.selftest:
        return check_selftest(args.glovebox)
    suite = Suite(args)
    listed = subprocess.run([suite.stage, "--list"], capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in listed.splitlines()]
    if args.docs:
        return check_docs(args.docs, {row["name"] for row in rows})
    chosen = [row for row in rows
              if not args.names or row["name"] in args.names or row["family"].replace(" ", "-") in args.names]
    for row in chosen:
        suite.run(row)
    passed = suite.sum_up()
    return 1 if suite.failed or not chosen else 77 if passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
