#!/usr/bin/env python3
"""Ninja under glovebox-ninja is Ninja: the same output bytes, exit codes, tools, signals and terminal.

usage: run.py GLOVEBOX_NINJA      (the environment may name GLOVEBOX_LAUNCH)
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

WRAPPER = os.path.abspath(sys.argv.pop(1))

MANIFEST = """
rule cat
  command = cat $in > $out && echo made $out
build one: cat in
build two: cat one
rule fail
  command = echo to-stdout; echo to-stderr >&2; exit 3
build bad: fail
rule die
  command = kill -SEGV $$$$
build dead: die
rule slow
  command = echo $$$$ > slow.pid; exec sleep 60
build slow: slow
rule tty
  command = if [ -t 0 ] && [ -t 1 ]; then echo terminal > $out; else echo none > $out; fi
  pool = console
build console: tty
build pooled: cat in
rule env
  command = echo "$$MAKEFLAGS|$$LD_PRELOAD|$$(env | grep -c ^GLOVEBOX_)" > $out
build env: env
rule fd
  command = echo token >&7
build fd: fd
default one two
"""


class NinjaUnchanged(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="glovebox ninja ")  # a blank in every path
        self.addCleanup(self.directory.cleanup)
        self.build = os.path.join(self.directory.name, "b")
        os.mkdir(self.build)
        self.write("build.ninja", MANIFEST)
        self.write("in", "hello\n")
        self.env = dict(os.environ, GLOVEBOX_STATE_DIR=os.path.join(self.directory.name, "state"))
        self.env.pop("NINJA_STATUS", None)

    def path(self, name):
        return os.path.join(self.build, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def run_one(self, program, *arguments, **options):
        options.setdefault("cwd", self.build)
        options.setdefault("env", self.env)
        return subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              **options)

    def clean(self):
        for name in ("one", "two", "bad", "dead", ".ninja_log", ".ninja_deps"):
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def same(self, *arguments, cwd=None):
        cwd = cwd or self.build
        self.clean()
        plain = self.run_one("ninja", *arguments, cwd=cwd)
        self.clean()
        ours = self.run_one(WRAPPER, *arguments, cwd=cwd)
        self.assertEqual((ours.returncode, ours.stdout), (plain.returncode, plain.stdout), arguments)
        # Our own line ends a build that ran something; all else on stderr is Ninja's, byte for byte.
        lines = ours.stderr.splitlines(keepends=True)
        if lines and lines[-1].startswith(b"glovebox: "):
            lines.pop()
        self.assertEqual(b"".join(lines), plain.stderr, arguments)
        return ours

    def test_output_and_exit_code(self):
        above = os.path.dirname(self.build)
        for arguments, cwd in (((), None), (("two",), None), (("bad",), None), (("dead",), None),
                               (("-k0", "-j1", "bad", "dead"), None), (("nosuch",), None), (("--quiet",), None),
                               (("-v",), None), (("-C", "b"), above), (("-vC", "b", "one"), above),
                               (("-C", "nosuch"), above), (("-f", "nosuch.ninja"), None),
                               (("-f", "build.ninja", "one"), None), (("--", "one"), None), (("--bad",), None),
                               (("-j",), None), (("-j", "x"), None), (("-Z", "one"), None), (("-d", "nosuch"), None),
                               (("-w", "nosuch"), None)):
            self.same(*arguments, cwd=cwd)

    def test_tools_and_questions_are_ninjas_alone(self):
        for arguments in (("--version",), ("-h",), ("-n",), ("-t", "targets"), ("-t", "commands", "two"),
                          ("-t", "list"), ("-t", "nosuch"), ("-t", "clean")):
            ours = self.same(*arguments)
            self.assertNotIn(b"glovebox:", ours.stderr)

    def test_the_summary_is_one_line_on_stderr(self):
        ours = self.run_one(WRAPPER)
        self.assertEqual(ours.returncode, 0)
        lines = ours.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("glovebox: "), lines)

    def test_a_no_op_stays_one_whoever_built_before(self):
        for first, second in (("ninja", WRAPPER), (WRAPPER, "ninja"), (WRAPPER, WRAPPER)):
            self.clean()
            self.assertEqual(self.run_one(first).returncode, 0)
            again = self.run_one(second)
            self.assertEqual(again.stdout, b"ninja: no work to do.\n")
            self.assertEqual(again.stderr, b"")

    def test_an_own_option_that_is_wrong_is_a_usage_error(self):
        self.assertEqual(self.run_one(WRAPPER, "--glovebox-level=all").returncode, 2)
        self.assertEqual(self.run_one(WRAPPER, env=dict(self.env, GLOVEBOX_LEVEL="x")).returncode, 2)
        self.assertEqual(self.run_one(WRAPPER, env=dict(self.env, GLOVEBOX_MODE="x")).returncode, 2)

    def test_no_ninja_is_an_error_of_the_host(self):
        done = self.run_one(WRAPPER, env=dict(self.env, PATH="/nonexistent"))
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"install ninja-build", done.stderr)

    def test_edges_see_the_callers_environment_and_none_of_ours(self):
        self.run_one(WRAPPER, "env", env=dict(self.env, MAKEFLAGS="-j --jobserver-auth=7,8"))
        self.assertEqual(self.read("env"), "-j --jobserver-auth=7,8||0\n")

    def test_inherited_descriptors_reach_the_edge(self):
        read, write = os.pipe()
        os.dup2(write, 7)
        os.close(write)
        done = self.run_one(WRAPPER, "fd", pass_fds=(7,))
        os.close(7)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(os.read(read, 100), b"token\n")
        os.close(read)

    def interrupted(self, program, how):
        pid_file = self.path("slow.pid")
        if os.path.exists(pid_file):
            os.remove(pid_file)
        process = subprocess.Popen([program, "slow"], cwd=self.build, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + 30
        while not (os.path.exists(pid_file) and self.read("slow.pid")):
            self.assertLess(time.monotonic(), deadline, "the edge did not start")
            time.sleep(0.01)
        how(process)
        out, _ = process.communicate(timeout=30)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(self.read("slow.pid")), 0)
        return process.returncode, out

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for how in (lambda p, n=number: p.send_signal(n), lambda p, n=number: os.killpg(p.pid, n)):
                self.assertEqual(self.interrupted(WRAPPER, how), self.interrupted("ninja", how), number)

    def test_ctrl_c_and_the_console_pool_on_a_terminal(self):
        for program in ("ninja", WRAPPER):
            command = "'%s' console" % program
            done = subprocess.run(["script", "-qec", command, "/dev/null"], cwd=self.build, env=self.env,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(self.read("console"), "terminal\n")
            os.remove(self.path("console"))
        self.assertEqual(self.ctrl_c(WRAPPER), self.ctrl_c("ninja"))

    def ctrl_c(self, program):
        pid, terminal = os.forkpty()
        if pid == 0:
            os.chdir(self.build)
            os.execvpe(program, [program, "slow"], self.env)
        deadline = time.monotonic() + 30
        while not (os.path.exists(self.path("slow.pid")) and self.read("slow.pid")):
            self.assertLess(time.monotonic(), deadline, "the edge did not start")
            time.sleep(0.01)
        os.write(terminal, b"\x03")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:  # EIO: the last process on it has gone
            pass
        status = os.waitpid(pid, 0)[1]
        os.close(terminal)
        os.remove(self.path("slow.pid"))
        return status


unittest.main(verbosity=1)
