#!/usr/bin/env python3
"""CTest's tests run through the launcher, and nobody can tell from their results.

One project (project/) is configured twice, without Glovebox and with it, and everything that CTest says of each
test is compared: result, output, order.

usage: run.py MODULE_DIR GLOVEBOX GLOVEBOX_NINJA     (the first holds Glovebox.cmake)
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

MODULES, GLOVEBOX, NINJA = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "project")
# What stands beside a test's name in CTest's own lines.
LINE = re.compile(r"Test +#\d+: (.*?) \.+ *(Passed|[^\n]*?\*\*\*[^\n]*?) +[\d.]+ sec")


class CTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="gbtest")
        cls.root = os.path.realpath(cls.directory.name)
        cls.env = dict(os.environ, GLOVEBOX_STATE_DIR=os.path.join(cls.root, "state"), LC_ALL="C.UTF-8")
        for name in ("GLOVEBOX_COLLECTOR", "CTEST_PARALLEL_LEVEL", "CTEST_OUTPUT_ON_FAILURE", "GLOVEBOX_LEVEL", "GLOVEBOX_MODE"):
            cls.env.pop(name, None)
        cls.source = os.path.join(cls.root, "src")
        shutil.copytree(PROJECT, cls.source)
        host = json.loads(cls.run_in(cls.root, GLOVEBOX, "host", "--json").stdout)
        cls.below_another = host["listener_above"]
        for name, options in (("plain", []), ("wrapped", cls.injection())):
            for generator, build in (("Ninja", name), ("Unix Makefiles", name + "-make")):
                cls.configure(build, generator, *options)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    @staticmethod
    def injection():
        return ["-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=" + os.path.join(MODULES, "Glovebox.cmake")]

    @classmethod
    def run_in(cls, directory, *words, env=None, timeout=180):
        return subprocess.run(words, cwd=directory, env=env or cls.env, capture_output=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)

    @classmethod
    def configure(cls, build, generator, *options, source=None):
        path = os.path.join(cls.root, build)
        done = cls.run_in(cls.root, "cmake", "-S", source or cls.source, "-B", path, "-G", generator, *options)
        assert done.returncode == 0, done
        done = cls.run_in(cls.root, "cmake", "--build", path)
        assert done.returncode == 0, done
        return path

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def normal(self, text, build):
        text = re.sub(r"\(\d+ ms", "(N ms", text)  # googletest's own times
        return text.replace(self.path(build), "BUILD")

    def ctest(self, build, *options, directory="", env=None):
        """name -> (status, message, output) of each test."""
        result = self.path(build + ".xml")
        where = self.path(build, directory)
        for name in ("order", "pids", "flaky"):
            if os.path.exists(self.path(build, name)):
                os.remove(self.path(build, name))
        done = self.run_in(where, "ctest", "--output-junit", result, *options, env=env)
        tests = {}
        for case in ElementTree.parse(result).getroot().iter("testcase"):
            failure = case.find("failure")
            skipped = case.find("skipped")
            out = case.find("system-out")
            message = [e.get("message") for e in (failure, skipped) if e is not None]
            tests[case.get("name")] = (case.get("status"), message, self.normal(out.text or "", build))
        return done, tests

    def same(self, plain, wrapped):
        self.maxDiff = None
        self.assertEqual(list(plain), list(wrapped))
        for name in plain:
            self.assertEqual(plain[name], wrapped[name], name)

    def test_every_test_has_the_same_result_and_output(self):
        done, plain = self.ctest("plain", "-j4")
        done2, wrapped = self.ctest("wrapped", "-j4")
        self.assertEqual(done.returncode, done2.returncode)
        self.assertGreater(len(plain), 70)
        self.assertEqual(plain["timeout"][0], "fail")
        # A program that cannot be run is CTest's "Not Run" without us. It must fail; see below for how.
        self.assertEqual(wrapped.pop("not_executable")[0], "fail")
        plain.pop("not_executable")
        self.same(plain, wrapped)

    def test_in_mode_enforce_nobody_can_tell_either(self):
        policy = self.path("enforce.toml")
        with open(policy, "w") as file:
            file.write('mode = "enforce"\n[test]\nread = ["/"]\nwrite = ["%s", "/tmp", "/dev"]\n'
                       '[policy.suite]\n[policy."a policy"]\n' % self.root)
        done, plain = self.ctest("plain", "-j4")
        done2, wrapped = self.ctest("wrapped", "-j4", env=dict(self.env, GLOVEBOX_POLICY=policy))
        self.assertEqual(done.returncode, done2.returncode)
        self.assertEqual(wrapped.pop("not_executable")[0], "fail")
        plain.pop("not_executable")
        # What a fixture's test leaves running for others is ended: nothing outlives its action in mode enforce.
        self.assertEqual(wrapped["server_use"][0], "fail")
        for name in ("server_use", "server_stop"):
            plain.pop(name)
            wrapped.pop(name)
        self.same(plain, wrapped)

    def test_what_a_subdirectory_begins_is_wrapped_too(self):
        done, plain = self.ctest("plain", directory="sub")
        done2, wrapped = self.ctest("wrapped", directory="sub")
        self.assertEqual(set(plain), {"in_sub", "sub_old", "sub_fails"})
        self.same(plain, wrapped)
        self.assertEqual(self.launched("wrapped", directory="sub"), set(plain))

    def launched(self, build, *options, directory=""):
        """The names of the tests whose command is the launcher's, each with the name that it is told."""
        done = self.run_in(self.path(build, directory), "ctest", "--show-only=json-v1", *options)
        names = set()
        for test in json.loads(done.stdout)["tests"]:
            if test.get("command", [""])[0].endswith("/glovebox-launch"):
                names.add(test["name"])
                self.assertIn("--role=test", test["command"])
        return names

    def test_only_what_cannot_be_found_is_not_wrapped(self):
        done = self.run_in(self.path("plain"), "ctest", "--show-only=json-v1")
        all_names = {test["name"] for test in json.loads(done.stdout)["tests"]}
        self.assertEqual(all_names - self.launched("wrapped"), {"missing", "missing_bare"})
        self.assertEqual(all_names - self.launched("wrapped-make"), {"missing", "missing_bare"})
        self.assertIn("by_old_include_file", all_names)
        self.assertIn("found with [brackets] and \"quotes\"", all_names)

    def test_a_policy_reaches_the_launcher(self):
        done = self.run_in(self.path("wrapped"), "ctest", "--show-only=json-v1")
        policies = {}
        for test in json.loads(done.stdout)["tests"]:
            policies[test["name"]] = [w for w in test.get("command", []) if w.startswith("--policy=")]
        self.assertEqual(policies["unknown_property"], ["--policy=a%20policy"])
        self.assertEqual(policies["raw"], [])
        if "post.Suite.Passes" in policies:
            self.assertEqual(policies["post.Suite.Passes"], ["--policy=suite"])

    def test_the_list_is_the_same(self):
        plain, wrapped = (self.run_in(self.path(b), "ctest", "-N") for b in ("plain", "wrapped"))
        self.assertEqual(self.normal(plain.stdout.decode(), "plain"), self.normal(wrapped.stdout.decode(), "wrapped"))
        plain, wrapped = (self.run_in(self.path(b), "ctest", "--print-labels") for b in ("plain", "wrapped"))
        self.assertEqual(plain.stdout.splitlines()[1:], wrapped.stdout.splitlines()[1:])

    def test_order_and_exclusion_stay(self):
        self.ctest("wrapped", "-j8", "-LE", "slow")
        with open(self.path("wrapped", "order")) as file:
            notes = [line.split() for line in file]
        self.assertEqual(sorted(n for what, n in notes if what == "begin"),
                         sorted(["fixture_" + n for n in ("setup", "use_1", "use_2", "cleanup")] +
                                [k + str(i) for k in ("lock_", "serial_") for i in (1, 2, 3)]))
        running = set()
        for what, name in notes:
            if what == "end":
                running.remove(name)
                continue
            if name.startswith("serial_") or any(r.startswith("serial_") for r in running):
                self.assertFalse(running, (name, running))
            if name.startswith("lock_"):
                self.assertFalse([r for r in running if r.startswith("lock_")], (name, running))
            running.add(name)
        order = [name for what, name in notes if what == "end" and name.startswith("fixture_")]
        self.assertEqual((order[0], order[-1]), ("fixture_setup", "fixture_cleanup"))

    def test_a_timeout_leaves_nobody(self):
        self.ctest("wrapped", "-R", "^timeout$")
        with open(self.path("wrapped", "pids")) as file:
            pids = [int(line.split()[1]) for line in file]
        self.assertEqual(len(pids), 3)
        for _ in range(50):
            alive = [pid for pid in pids if self.is_alive(pid)]
            if not alive:
                break
            time.sleep(0.1)
        self.assertEqual(alive, [])

    @staticmethod
    def is_alive(pid):
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            return False

    def test_repeat_and_rerun(self):
        for build in ("plain", "wrapped"):
            done, tests = self.ctest(build, "-R", "^flaky$", "--repeat", "until-pass:2")
            self.assertEqual(done.returncode, 0)
            done, tests = self.ctest(build, "-R", "^flaky$|^raw$")
            self.assertEqual(tests["flaky"][0], "fail")
            done = self.run_in(self.path(build), "ctest", "--rerun-failed")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(LINE.findall(done.stdout.decode()), [("flaky", "Passed")])

    def through(self, build, *words):
        for name in ("order", "pids", "flaky"):
            if os.path.exists(self.path(build, name)):
                os.remove(self.path(build, name))
        done = self.run_in(self.path(build), *words)
        found = dict(LINE.findall(done.stdout.decode(errors="replace")))
        self.assertGreater(len(found), 60, done)
        self.assertEqual(found["signal_11"], "***Exception: SegFault")
        self.assertIn("Timeout", found["timeout"])
        self.assertIn("***", found.pop("not_executable"))
        return found

    def test_through_the_targets_of_ninja_and_make(self):
        plain = self.through("plain", "ninja", "test")
        self.assertEqual(plain, self.through("wrapped", "ninja", "test"))
        self.assertEqual(plain, self.through("wrapped", NINJA, "test"))
        self.assertEqual(self.through("plain-make", "make", "test"), self.through("wrapped-make", "make", "test"))

    def report(self, build):
        done = self.run_in(self.path(build), GLOVEBOX, "report", "--json")
        self.assertEqual(done.returncode, 0, done)
        return json.loads(done.stdout)

    def test_one_run_of_ctest_is_one_report(self):
        if self.below_another:
            self.skipTest("a Glovebox above us supervises")
        done, tests = self.ctest("wrapped", "-R", "^raw$|^odd |^exit_3$|^signal_11$|^in_sub$")
        actions = [a for a in self.report("wrapped")["actions"] if a["role"] == "test"]
        self.assertEqual(len(actions), 5)
        target = self.path("junit.xml")
        done = self.run_in(self.path("wrapped"), GLOVEBOX, "report", "--junit", target)
        self.assertEqual(done.returncode, 0, done)
        cases = {c.get("name"): c for c in ElementTree.parse(target).getroot().iter("testcase")}
        self.assertEqual(set(cases), set(tests))
        self.assertIsNone(cases["raw"].find("failure"))
        self.assertEqual(cases["exit_3"].find("failure").get("message"), "exit status 3")
        self.assertEqual(cases["signal_11"].find("failure").get("message"), "signal 11")

    def test_with_a_collector_too(self):
        self.through("wrapped", NINJA, "test")
        if self.below_another:
            return
        target = self.path("junit-ninja.xml")
        done = self.run_in(self.path("wrapped"), GLOVEBOX, "report", "--junit", target)
        self.assertEqual(done.returncode, 0, done)
        names = {c.get("name") for c in ElementTree.parse(target).getroot().iter("testcase")}
        never = {"broken_use", "disabled", "required", "post.Suite.Never", "pre.Suite.Never"}
        self.assertEqual(names, self.launched("wrapped") - never)

    def test_a_sandbox_that_fails_never_passes(self):
        env = dict(self.env, GLOVEBOX_COLLECTOR="/nonexistent/socket")
        if self.below_another:
            self.skipTest("a Glovebox above us supervises")
        done, tests = self.ctest("wrapped", "-LE", "slow", env=env)
        for name, (status, message, _) in tests.items():
            self.assertIn(status, ("fail", "disabled", "notrun"), (name, message))
            if status == "notrun":
                self.assertNotIn("SKIP", "".join(message), name)
        disabled = {name for name, test in tests.items() if test[0] == "disabled"}
        self.assertEqual({name for name in disabled if not name.endswith(".Never")}, {"disabled"})

    def test_no_property_turns_the_signal_into_a_pass(self):
        # Every combination of what CTest asks of an end and of the output.
        lines = ["cmake_minimum_required(VERSION 3.22)", "project(P NONE)", "enable_testing()"]
        properties = ["WILL_FAIL TRUE", "PASS_REGULAR_EXPRESSION glovebox", "FAIL_REGULAR_EXPRESSION nothing",
                      "SKIP_REGULAR_EXPRESSION glovebox", "SKIP_RETURN_CODE 134", "SKIP_RETURN_CODE 6",
                      "SKIP_RETURN_CODE 0", "FIXTURES_SETUP f"]
        for mask in range(1 << len(properties)):
            chosen = [p for i, p in enumerate(properties) if mask >> i & 1]
            if sum(p.startswith("SKIP_RETURN") for p in chosen) > 1:
                continue
            lines.append("add_test(NAME t%d COMMAND echo glovebox)" % mask)
            lines.append("set_tests_properties(t%d PROPERTIES COST 1 %s)" % (mask, " ".join(chosen)))
        source = self.path("combinations")
        os.makedirs(source)
        with open(os.path.join(source, "CMakeLists.txt"), "w") as file:
            file.write("\n".join(lines) + "\n")
        launcher = self.path("dying-launcher")
        with open(launcher, "w") as file:
            file.write("#!/bin/sh\necho glovebox: refused\nkill -ABRT $$\n")
        os.chmod(launcher, 0o755)
        self.configure("combined", "Ninja", *self.injection(), "-DGLOVEBOX_LAUNCHER=" + launcher, source=source)
        for options in ([], ["--repeat", "until-pass:2"]):
            done, tests = self.ctest("combined", "-j4", *options)
            self.assertGreater(len(tests), 100)
            self.assertEqual({test[0] for test in tests.values()}, {"fail"})
            self.assertNotEqual(done.returncode, 0)

    def test_configuring_again_changes_no_test(self):
        with open(self.path("wrapped", "CTestTestfile.cmake")) as file:
            before = file.read()
        hook = os.stat(self.path("wrapped", "CMakeFiles", "GloveboxTests.cmake")).st_mtime_ns
        self.assertEqual(self.run_in(self.root, "cmake", self.path("wrapped")).returncode, 0)
        with open(self.path("wrapped", "CTestTestfile.cmake")) as file:
            self.assertEqual(before, file.read())
        self.assertEqual(hook, os.stat(self.path("wrapped", "CMakeFiles", "GloveboxTests.cmake")).st_mtime_ns)

    def test_tests_can_be_left_out(self):
        self.configure("without", "Ninja", *self.injection(), "-DGLOVEBOX_TESTS=OFF")
        self.assertEqual(self.launched("without"), set())

    def test_tests_that_ctest_itself_discovers(self):
        # CMake 4.4's discover_tests(), which older ones lack: a stand-in that prints what it is given.
        script = self.path("discover.cmake")
        with open(script, "w") as file:
            file.write(r'''
function(add_test)
endfunction()
function(set_tests_properties)
endfunction()
function(discover_tests)
  foreach(i RANGE ${ARGC})
    if(i LESS ARGC)
      message("<${ARGV${i}}>")
    endif()
  endforeach()
  set(LIST found PARENT_SCOPE)
endfunction()
include("@HOOK@")
discover_tests(COMMAND "cmake" -D [[X=a;b]] DISCOVERY_ARGS -P list DISCOVERY_MATCH "(.*)#" TEST_NAME [[p.\1]]
  TEST_ARGS -D [[F=\1]] "" TEST_PROPERTIES GLOVEBOX_POLICY named DISABLED [[\2]] TEST_LIST LIST)
message("<${LIST}>")
'''.replace("@HOOK@", self.path("wrapped", "CMakeFiles", "GloveboxTests.cmake")))
        done = self.run_in(self.root, "cmake", "-P", script)
        self.assertEqual(done.returncode, 0, done.stderr)
        words = re.findall(r"<(.*)>", done.stderr.decode())
        command = ["cmake", "-D", "X=a;b"]
        launcher = words[words.index("TEST_ARGS") + 1]
        self.assertTrue(launcher.endswith("/glovebox-launch"), words)
        self.assertEqual(words, [
            "COMMAND", "env", "DISCOVERY_ARGS", *command, "-P", "list", "DISCOVERY_MATCH", "(.*)#",
            "TEST_NAME", "p.\\1", "TEST_ARGS", launcher, "--role=test", "--build=" + self.path("wrapped"),
            "--test=p.\\1", "--policy=named", "--", *command, "-D", "F=\\1", "", "TEST_PROPERTIES",
            "GLOVEBOX_POLICY", "named", "DISABLED", "\\2", "TEST_LIST", "LIST", "found"])

    def test_a_subproject_wraps_its_own(self):
        source = self.path("outer")
        os.makedirs(os.path.join(source, "ours"))
        os.makedirs(os.path.join(source, "theirs"))
        with open(os.path.join(source, "CMakeLists.txt"), "w") as file:
            file.write("cmake_minimum_required(VERSION 3.22)\nproject(O C)\nenable_testing()\nadd_subdirectory(ours)\n"
                       "add_subdirectory(theirs)\nadd_test(NAME top COMMAND true)\n")
        with open(os.path.join(source, "ours", "CMakeLists.txt"), "w") as file:
            file.write("project(I C)\nfind_package(Glovebox REQUIRED)\nglovebox_enable()\nadd_test(NAME ours COMMAND true)\n")
        with open(os.path.join(source, "theirs", "CMakeLists.txt"), "w") as file:
            file.write("add_test(NAME theirs COMMAND true)\n")
        self.configure("outer-build", "Ninja", "-DGlovebox_DIR=" + MODULES, source=source)
        self.assertEqual(self.launched("outer-build"), {"ours"})


if __name__ == "__main__":
    unittest.main()
