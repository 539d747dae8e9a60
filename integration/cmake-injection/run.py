#!/usr/bin/env python3
"""Glovebox.cmake wraps every rule of projects that do not know it, and says what it could not wrap.

The launcher here is a script that notes its words and runs the command: what is tested is what CMake writes.

usage: run.py MODULE_DIR GLOVEBOX_LAUNCH GLOVEBOX     (the first holds Glovebox.cmake and GloveboxConfig.cmake)
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

MODULES, REAL_LAUNCHER, GLOVEBOX = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
LAUNCHER = """#!/bin/sh
line=
for word; do line="$line$word|"; done
printf '%s\\n' "$line" >> "$LAUNCH_LOG"
while [ "$1" != -- ]; do shift; done; shift; exec "$@"
"""
PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(P C)
@BEFORE@
add_library(l STATIC l.c)
add_custom_command(OUTPUT "g h.h" COMMAND ${CMAKE_COMMAND} -E touch "g h.h" DEPENDS l.c VERBATIM)
add_executable(m m.c "${CMAKE_CURRENT_BINARY_DIR}/g h.h")
target_link_libraries(m l)
add_subdirectory(sub)
@AFTER@
"""


class Injection(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="glovebox inject ")
        self.addCleanup(self.directory.cleanup)
        self.root = self.directory.name
        self.log = os.path.join(self.root, "launch.log")
        self.env = dict(os.environ, LAUNCH_LOG=self.log, CCACHE_DIR=os.path.join(self.root, "ccache"))
        self.launcher = self.write("glovebox-launch", LAUNCHER)
        os.chmod(self.launcher, 0o755)
        self.project()

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def project(self, before="", after="", sub=""):
        self.write("src/CMakeLists.txt", PROJECT.replace("@BEFORE@", before).replace("@AFTER@", after))
        self.write("src/sub/CMakeLists.txt", sub + "\nadd_library(s SHARED ../l.c)\n")
        self.write("src/l.c", "int l(void);\nint l(void) { return 0; }\n")
        self.write("src/m.c", "int l(void);\nint main(void) { return l(); }\n")

    def configure(self, *arguments, generator="Ninja", inject=True, build="b"):
        words = ["cmake", "-S", os.path.join(self.root, "src"), "-B", os.path.join(self.root, build), "-G", generator,
                 *arguments]
        if self.launcher:
            words.append("-DGLOVEBOX_LAUNCHER=" + self.launcher)
        if inject:
            words.append("-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=" + os.path.join(MODULES, "Glovebox.cmake"))
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def make(self, build="b", *arguments):
        if os.path.exists(self.log):
            os.remove(self.log)
        done = subprocess.run(["cmake", "--build", os.path.join(self.root, build), *arguments], env=self.env,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        if not os.path.exists(self.log):
            return []
        with open(self.log) as file:
            return file.read().splitlines()

    def calls(self, log, role):
        return [line for line in log if "|--role=%s|" % role in "|" + line]

    def all_wrapped(self, log):
        self.assertEqual(len(self.calls(log, "compile")), 3, log)
        self.assertGreaterEqual(len(self.calls(log, "link")), 3, log)
        self.assertEqual(len(self.calls(log, "custom")), 1, log)
        self.assertIn("--out=g h.h|", self.calls(log, "custom")[0])
        self.assertIn("--target=m|", "".join(self.calls(log, "compile")))

    def test_ninja_and_make(self):
        for number, generator in enumerate(("Ninja", "Unix Makefiles", "Ninja Multi-Config")):
            self.configure(generator=generator, build="b%d" % number)
            self.all_wrapped(self.make("b%d" % number))

    def test_configuring_again_rebuilds_nothing(self):
        self.configure()
        self.all_wrapped(self.make())
        self.configure()
        self.assertEqual(self.make(), [])
        self.assertTrue(any(n.startswith("toolchains-v1-")
                            for n in os.listdir(os.path.join(self.root, "b/.cmake/api/v1/reply"))))

    def test_as_one_of_a_list_and_twice(self):
        other = self.write("other.cmake", "set(OTHER_WAS_READ 1)\n")
        glovebox = os.path.join(MODULES, "Glovebox.cmake")
        self.configure("-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=%s;%s" % (other, glovebox),
                       "-DCMAKE_PROJECT_INCLUDE=" + glovebox, inject=False)
        self.all_wrapped(self.make())

    def test_project_include_alone(self):
        self.configure("-DCMAKE_PROJECT_INCLUDE=" + os.path.join(MODULES, "Glovebox.cmake"), inject=False)
        self.all_wrapped(self.make())

    def test_find_package(self):
        self.project(before="find_package(Glovebox 0.1 REQUIRED)\nglovebox_enable()\nglovebox_enable()\n")
        self.configure("-DGlovebox_DIR=" + MODULES, inject=False)
        self.all_wrapped(self.make())

    def test_find_package_below_another_project_takes_its_own_part(self):
        self.project(sub="project(S C)\nfind_package(Glovebox REQUIRED)\nglovebox_enable()\n")
        self.configure("-DGlovebox_DIR=" + MODULES, inject=False)
        log = self.make()
        self.assertEqual(len(self.calls(log, "compile")), 1, log)
        self.assertIn("--target=s|", log[0])

    def test_single_targets(self):
        self.project(before="find_package(Glovebox REQUIRED)\n", after="glovebox_enable(TARGET m)\n")
        self.configure("-DGlovebox_DIR=" + MODULES, inject=False)
        log = self.make()
        self.assertEqual([len(self.calls(log, r)) for r in ("compile", "link", "custom")], [1, 1, 0], log)

    def test_an_alias_stands_for_its_target(self):
        self.project(before="find_package(Glovebox REQUIRED)\n",
                     after="add_library(p::l ALIAS l)\nglovebox_enable(TARGET p::l)\n")
        self.configure("-DGlovebox_DIR=" + MODULES, inject=False)
        log = self.make()
        self.assertEqual(len(self.calls(log, "compile")), 1, log)
        self.assertIn("--target=l|", log[0])

    @unittest.skipUnless(shutil.which("ccache"), "no ccache here")
    def test_ccache_stays_inside(self):
        self.configure("-DCMAKE_C_COMPILER_LAUNCHER=ccache")
        log = self.make()
        self.all_wrapped(log)
        for line in self.calls(log, "compile"):
            self.assertIn("|--|ccache|", line)

    def test_ctest_launchers_stay_inside(self):
        self.project(before="include(CTest)\n")
        self.configure("-DCTEST_USE_LAUNCHERS=ON")
        log = self.make()
        self.all_wrapped(log)
        for line in self.calls(log, "compile"):
            self.assertRegex(line, r"\|--\|[^|]*ctest\|--launch\|")

    def test_a_launcher_of_the_project_is_kept_behind_ours(self):
        self.project(before='set_property(DIRECTORY PROPERTY RULE_LAUNCH_COMPILE "env TOP=1")\n',
                     sub='set_property(DIRECTORY PROPERTY RULE_LAUNCH_COMPILE "env SUB=1")\n',
                     after='set_property(TARGET l PROPERTY RULE_LAUNCH_COMPILE "env TARGET=1")\n')
        text = self.configure()
        self.assertRegex(text, r"RULE_LAUNCH_COMPILE of DIRECTORY\s+\S.*sub is kept")
        self.assertIn("RULE_LAUNCH_COMPILE of TARGET l is kept", text)
        log = self.make()
        self.all_wrapped(log)
        words = {line.split("--target=")[1].split("|")[0]: line for line in self.calls(log, "compile")}
        self.assertIn("|--|env|TOP=1|", words["m"])
        self.assertIn("|--|env|SUB=1|", words["s"])
        self.assertIn("|--|env|TARGET=1|", words["l"])

    def test_a_subdirectory_that_opts_out_is_reported(self):
        self.project(sub='set_property(DIRECTORY PROPERTY RULE_LAUNCH_COMPILE "")\nadd_subdirectory(deep)\n')
        self.write("src/sub/deep/CMakeLists.txt", "add_library(d STATIC ../../l.c)\n")
        text = " ".join(self.configure().split())
        # Once, where it stands: not again for each directory and target below, which have it from there.
        self.assertEqual(re.findall(r"RULE_LAUNCH_COMPILE is empty in (\w+) (.*?):", text),
                         [("DIRECTORY", os.path.join(self.root, "src/sub"))])
        self.assertEqual(len(self.calls(self.make(), "compile")), 2)

    def test_only_cmakes_own_utilities_run_unwatched(self):
        # The real launcher, nobody who supervises, and a stand-in for the glovebox that it becomes then.
        os.chmod(self.write("bin/glovebox", LAUNCHER), 0o755)
        self.launcher = shutil.copy(REAL_LAUNCHER, os.path.join(self.root, "bin", "glovebox-launch"))
        self.env.pop("GLOVEBOX_COLLECTOR", None)
        subprocess.run([self.launcher, "--role=custom", "--out=x", "--", "true"], env=self.env, check=True)
        if not os.path.exists(self.log):
            self.skipTest("a Glovebox above us supervises")
        self.project(before="enable_testing()\nadd_test(NAME t COMMAND true)\ninclude(CPack)\n", after="""
set(CPACK_GENERATOR TGZ)
install(TARGETS m)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/o")
file(WRITE "${CMAKE_BINARY_DIR}/o/cmake_install.cmake" "")
add_custom_target(check COMMAND ${CMAKE_CTEST_COMMAND} -N)
add_custom_command(TARGET m POST_BUILD COMMAND ${CMAKE_CTEST_COMMAND} -N
  COMMAND ${CMAKE_COMMAND} -P "${CMAKE_BINARY_DIR}/o/cmake_install.cmake")
add_custom_command(TARGET l POST_BUILD COMMAND ${CMAKE_COMMAND} -P cmake_install.cmake
  WORKING_DIRECTORY "${CMAKE_BINARY_DIR}/o")
""")
        for number, generator in enumerate(("Ninja", "Ninja Multi-Config", "Unix Makefiles")):
            build = "b%d" % number
            self.configure("-DCMAKE_INSTALL_PREFIX=" + os.path.join(self.root, "prefix"), generator=generator,
                           build=build)
            log = self.make(build)
            customs = [line for line in log if "|--role=custom|" in line]
            self.assertEqual(sum(line.endswith("ctest|-N|") for line in customs), 1, customs)
            self.assertEqual(sum(line.endswith("/o/cmake_install.cmake|") for line in customs), 1, customs)
            self.assertEqual(sum(line.endswith("ctest|-N|") for line in self.make(build, "--target", "check")), 1)
            for utility in ("test", "install", "install/local", "install/strip", "package", "package_source",
                            "list_install_components", "rebuild_cache", "edit_cache"):
                if utility.startswith("list_") or (utility == "edit_cache" and shutil.which("ccmake")):
                    continue  # not in every project; wants a terminal
                log = self.make(build, "--target", utility)
                log = [line for line in log if "|--role=test|" not in line]  # what the utility `test` runs
                echo = [line for line in log if "|-E|echo|" in line]  # `edit_cache` without ccmake: no utility's words
                self.assertEqual(len(log), len(echo), (generator, utility, log))
        # What has CMake's own words cannot be told from them: the scan says so.
        for build in ("b0", "b1"):
            done = subprocess.run([GLOVEBOX, "cmake-scan", os.path.join(self.root, build)], capture_output=True,
                                  text=True, timeout=60)
            reported = [line.split()[0] for line in done.stdout.splitlines() if " utility-words: " in line]
            self.assertTrue(reported and all(place.endswith("libl.a") for place in reported), done)

    def alone(self):
        """The launcher of this build, without a supervisor; what asks the glovebox that it becomes."""
        self.launcher = None
        self.env.pop("GLOVEBOX_COLLECTOR", None)
        self.env["GLOVEBOX_STATE_DIR"] = os.path.join(self.root, "state")
        call = lambda *words: subprocess.run([GLOVEBOX, *words], env=self.env, text=True, capture_output=True,
                                             timeout=60)
        if json.loads(call("host", "--json").stdout)["listener_above"]:
            self.skipTest("a Glovebox above us supervises")
        return call

    def report(self, glovebox, build):
        done = glovebox("report", "--json", "-C", os.path.join(self.root, build))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    OUTSIDE = """
include(ExternalProject)
add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/g.c" COMMAND sh gen.sh "${CMAKE_BINARY_DIR}/g.c" DEPENDS gen.sh
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
add_executable(g m.c l.c "${CMAKE_BINARY_DIR}/g.c")
ExternalProject_Add(inner SOURCE_DIR "${CMAKE_SOURCE_DIR}/inner" INSTALL_COMMAND "")
"""

    def outside(self):
        self.project(after=self.OUTSIDE)
        self.write("src/gen.sh", 'cat secret.txt > /dev/null; echo "int g_in_outside;" > "$1"\n')
        self.write("src/secret.txt", "secret\n")
        self.write("src/inner/CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(I C)\n"
                   "add_executable(i i.c)\nset_target_properties(i PROPERTIES RULE_LAUNCH_COMPILE \"\")\n")
        self.write("src/inner/i.c", "int main(void) { return 0; }\n")

    def test_a_command_that_runs_elsewhere_belongs_to_the_build(self):
        glovebox = self.alone()
        self.outside()
        # State and build side by side in the project: neither lies inside the other.
        self.env["GLOVEBOX_STATE_DIR"] = os.path.join(self.root, "src/.glovebox")
        for number, generator in enumerate(("Ninja", "Unix Makefiles")):
            build = "src/b%d" % number
            self.configure(generator=generator, build=build)
            self.make(build)
            report = self.report(glovebox, build)
            self.assertEqual(report["run"]["build_dir"], os.path.join(self.root, build))
            commands = [" ".join(action["argv"]) for action in report["actions"]]
            self.assertEqual(sum("sh gen.sh" in command for command in commands), 1, commands)
            text = glovebox("explain", "-C", os.path.join(self.root, build), os.path.join(self.root, "src/secret.txt"))
            self.assertIn("read by 1 action", text.stdout, generator)
            # The inner build is a part of the outer one's step.
            inner = glovebox("explain", "-C", os.path.join(self.root, build),
                             os.path.join(self.root, "src/inner/i.c"))
            self.assertIn("read by 1 action", inner.stdout, (generator, inner))
            self.assertEqual(sum("inner" in command and "i.c" in command for command in commands), 0, commands)
            # Nothing was filed under another directory: one folder each.
            self.assertEqual(len(os.listdir(self.env["GLOVEBOX_STATE_DIR"])), number + 1)

    def test_a_build_directory_of_any_name_reaches_the_launcher(self):
        for number, generator in enumerate(("Ninja", "Unix Makefiles")):
            build = "b %d'o%%41 (x)&~{}!^" % number
            self.configure(generator=generator, build=build)
            log = self.make(build)
            self.all_wrapped(log)
            for line in log:
                word = re.search(r"\|--build=([^|]*)\|", "|" + line).group(1)
                self.assertRegex(word, r"^[-/%.\w]+$")
                self.assertEqual(urllib.parse.unquote(word), os.path.join(self.root, build))

    def test_each_builder_begins_a_run_of_its_own(self):
        glovebox = self.alone()
        source = os.path.join(self.root, "src/m.c")
        for number, generator in enumerate(("Ninja", "Unix Makefiles")):
            build = "b%d" % number
            self.configure(generator=generator, build=build)
            self.make(build, "--parallel", "4")
            actions = lambda: self.report(glovebox, build)["actions"]
            self.assertEqual(sorted({action["role"] for action in actions()}), ["compile", "custom", "link"])
            self.assertGreaterEqual(len(actions()), 7, "a recursive make is one builder")
            os.utime(source, (number + 4e9, number + 4e9))
            self.make(build)
            self.assertEqual([a["role"] for a in actions()], ["compile", "link"], "the latest build alone")
            os.utime(source, (1e9, 1e9))
            # A clean tree of the same name: nothing of the old one's actions stands beside the new ones.
            shutil.rmtree(os.path.join(self.root, build))
            self.configure(generator=generator, build=build)
            self.make(build, "--target", "l")
            self.assertEqual({a["target"] for a in actions()}, {"l"})
            before = len(actions())
            self.make(build, "--target", "l")  # nothing to do: launches nothing
            self.assertEqual(len(actions()), before)

    def test_the_level_of_the_launchers_is_chosen_by_the_environment(self):
        glovebox = self.alone()
        self.project(after='add_custom_target(look COMMAND sh -c "test -e sub" WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})\n')
        self.configure()
        for level in ("open", "full", ""):
            self.env["GLOVEBOX_LEVEL"] = level
            self.make("b", "--target", "look")
            self.assertEqual([a["level"] for a in self.report(glovebox, "b")["actions"]], [level or "open"])
            text = glovebox("explain", "-C", os.path.join(self.root, "b"), os.path.join(self.root, "src/sub")).stdout
            self.assertEqual("looked at (stat)" in text, level == "full", (level, text))
        self.env["GLOVEBOX_LEVEL"] = "fullest"
        done = subprocess.run(["cmake", "--build", os.path.join(self.root, "b"), "--target", "look"], env=self.env,
                              capture_output=True, text=True, timeout=120)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("GLOVEBOX_LEVEL=fullest: say open, full or strict", done.stdout + done.stderr)

    def test_no_policy_is_asked_for_that_the_promised_cmake_does_not_know(self):
        with open(os.path.join(MODULES, "GloveboxEnable.cmake")) as file:
            text = file.read()
        promised = re.search(r"Glovebox needs CMake (\d+\.\d+) or newer", text).group(1)
        for path in glob.glob(os.path.join(MODULES, "Glovebox*.cmake")):
            with open(path) as file:
                asked = re.findall(r"^\s*cmake_policy\(VERSION ([\d.]+)\)", file.read(), re.M)
            self.assertLessEqual(set(asked), {promised}, path)

    def test_a_cmake_that_is_too_old_is_told_so_before_anything_else(self):
        # An older CMake is played by its version; what it does not know would be an error of its own.
        script = self.write("old.cmake", """
set(CMAKE_VERSION 3.19.0)
macro(cmake_policy)
  message(FATAL_ERROR "a policy first")
endmacro()
include("%s")
""" % os.path.join(MODULES, "Glovebox.cmake"))
        done = subprocess.run(["cmake", "-P", script], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Glovebox needs CMake 3.20 or newer, this is 3.19.0", " ".join(done.stderr.split()))
        self.assertNotIn("a policy first", done.stderr)

    def test_a_query_that_is_there_before_is_answered_at_once(self):
        query = os.path.join(self.root, "b/.cmake/api/v1/query/client-glovebox")
        os.makedirs(query)
        for name in ("codemodel-v2", "toolchains-v1", "cmakeFiles-v1", "cache-v2"):
            open(os.path.join(query, name), "w").close()
        self.configure()
        reply = os.listdir(os.path.join(self.root, "b/.cmake/api/v1/reply"))
        for kind in ("codemodel-v2-", "toolchains-v1-", "cmakeFiles-v1-", "cache-v2-"):
            self.assertTrue(any(name.startswith(kind) for name in reply), reply)

    def test_a_missing_launcher_is_one_clear_error(self):
        words = ["cmake", "-S", os.path.join(self.root, "src"), "-B", os.path.join(self.root, "x"),
                 "-DGLOVEBOX_LAUNCHER=/nonexistent/glovebox-launch",
                 "-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=" + os.path.join(MODULES, "Glovebox.cmake")]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nonexistent/glovebox-launch", done.stderr)

    def test_a_target_that_is_not_there_yet_is_one_clear_error(self):
        self.project(before="find_package(Glovebox REQUIRED)\nglovebox_enable(TARGET m nosuch)\n")
        words = ["cmake", "-S", os.path.join(self.root, "src"), "-B", os.path.join(self.root, "x"),
                 "-DGLOVEBOX_LAUNCHER=" + self.launcher, "-DGlovebox_DIR=" + MODULES]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("CMake Error"), 1, done.stderr)
        text = " ".join(done.stderr.split())
        self.assertIn("glovebox_enable(TARGET m): there is no such target here; say it after add_executable()", text)

    WORDS = """
file(WRITE "${CMAKE_SOURCE_DIR}/secret" "S")
file(WRITE "${CMAKE_SOURCE_DIR}/env.sh" "E=$#; export E")
set(o "${CMAKE_CURRENT_BINARY_DIR}")
add_custom_target(words ALL
  COMMAND cd ${CMAKE_SOURCE_DIR} && cat secret > ${o}/cd.out
  COMMAND FOO=1 BAR=2 env > ${o}/assign.out
  COMMAND . ${CMAKE_SOURCE_DIR}/env.sh && env > ${o}/dot.out
  COMMAND export X=1 && env > ${o}/export.out
  COMMAND ! false
  COMMAND ! env false
  COMMAND : && umask 077 && touch ${o}/umask.out
  COMMAND false || exec true)
add_custom_command(TARGET m POST_BUILD COMMAND cd ${CMAKE_SOURCE_DIR} && cat secret > ${o}/post.out
  COMMAND exec cp ${CMAKE_SOURCE_DIR}/secret ${o}/exec.out)
add_custom_target(fails COMMAND ! true)
add_custom_target(status COMMAND exit 3 && true)
add_custom_target(grammar COMMAND if true \\; then true \\; fi)
add_custom_target(alone COMMAND A=1 && true)
add_custom_target(substitutes COMMAND echo `cat ${CMAKE_SOURCE_DIR}/secret` && true)
"""

    def text(self, path):
        with open(os.path.join(self.root, path)) as file:
            return file.read()

    def test_a_command_that_begins_with_a_word_of_the_shell_builds_as_without_the_module(self):
        directory = tempfile.TemporaryDirectory(prefix="glovebox-words-")
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        self.project(after=self.WORDS)
        # The real launcher, and in the place of the glovebox that it becomes what hands GLOVEBOX_CHILD_X through.
        os.chmod(self.write("bin/glovebox", LAUNCHER.replace('exec "$@"', """
for name in FOO BAR; do eval "v=\\${GLOVEBOX_CHILD_$name-}"; [ "$v" = "" ] || export "$name=$v"; done; exec "$@\"""")),
                 0o755)
        real = shutil.copy(REAL_LAUNCHER, os.path.join(self.root, "bin", "glovebox-launch"))
        self.env.pop("GLOVEBOX_COLLECTOR", None)
        subprocess.run([real, "--role=custom", "--out=x", "--", "true"], env=self.env, check=True)
        if not os.path.exists(self.log):
            self.skipTest("a Glovebox above us supervises")
        for number, generator in enumerate(("Ninja", "Unix Makefiles", "Ninja Multi-Config")):
            for launcher in (None, real):
                self.launcher = launcher
                build = "b%d%s" % (number, launcher is None)
                self.configure(generator=generator, build=build, inject=launcher is not None)
                log = self.make(build)
                variables = lambda name: set(self.text(build + "/" + name).splitlines())
                for name in ("post.out", "cd.out", "exec.out"):
                    self.assertEqual(self.text(build + "/" + name), "S", (generator, launcher, name))
                self.assertLessEqual({"FOO=1", "BAR=2"}, variables("assign.out"), (generator, launcher))
                self.assertIn("E=0", variables("dot.out"))
                self.assertIn("X=1", variables("export.out"))
                self.assertEqual(os.stat(os.path.join(self.root, build, "umask.out")).st_mode & 0o777, 0o600)
                for target in ("fails", "status"):
                    done = subprocess.run(["cmake", "--build", os.path.join(self.root, build), "--target", target],
                                          env=self.env, capture_output=True, text=True, timeout=120)
                    self.assertNotEqual(done.returncode, 0, (generator, target))
                ran = [line.split("|--|", 1)[1] for line in log if "|--role=custom|" in line]
                self.assertEqual([line.startswith(("cd|", "!|", "exec|", "FOO=")) for line in ran], [False] * len(ran))
                self.assertEqual("env|" in ran, launcher is not None, ran)

    def test_the_scan_names_what_cannot_be_launched_and_what_the_shell_does_itself(self):
        directory = tempfile.TemporaryDirectory(prefix="glovebox-words-")
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        self.project(after=self.WORDS)
        for number, generator in enumerate(("Ninja", "Unix Makefiles", "Ninja Multi-Config")):
            build = "b%d" % number
            self.configure(generator=generator, build=build)
            done = subprocess.run([GLOVEBOX, "cmake-scan", os.path.join(self.root, build)], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done)
            lines = done.stdout.splitlines()
            found = [(line.split("  ")[2].split(":")[0], part.strip()) for line, part in zip(lines, lines[1:])
                     if re.match(r"  \S", line)]
            configs = 3 if generator == "Ninja Multi-Config" else 1
            cannot = sorted(part.split(" -- ", 1)[1] for reason, part in found if reason == "cannot-launch")
            self.assertEqual(cannot, ["A=1"] * configs + ["if true"] * configs, done.stdout)
            self.assertIn("%d steps of this build will fail" % (2 * configs), done.stderr)
            words = [part.split(" -- ", 1)[1] for reason, part in found if reason == "shell-word"]
            self.assertEqual(set(words), {". %s/src/env.sh" % self.root, "! false", "! env false", "! true",
                                          "exec cp %s/src/secret %s/%s/exec.out" % (self.root, self.root, build)})
            self.assertIn(("shell-remainder", "cat %s/src/secret" % self.root), found, done.stdout)

    def test_the_scan_reads_every_configuration(self):
        self.project(after="""
set(CMAKE_CONFIGURATION_TYPES "Release;Foo" CACHE STRING "" FORCE)
add_custom_command(OUTPUT $<CONFIG>.txt COMMAND true && echo in-$<CONFIG>)
add_custom_target(t ALL DEPENDS $<CONFIG>.txt)
""")
        self.configure("-DCMAKE_CONFIGURATION_TYPES=Release;Foo", generator="Ninja Multi-Config")
        done = subprocess.run([GLOVEBOX, "cmake-scan", os.path.join(self.root, "b")], capture_output=True, text=True,
                              timeout=60)
        for config in ("Release", "Foo"):
            self.assertEqual(done.stdout.count("echo in-%s\n" % config), 1, done)
        self.assertEqual(done.stdout.count(" configure: "), 1, "once, what all have")


unittest.main(verbosity=1)
