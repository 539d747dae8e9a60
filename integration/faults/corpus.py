"""The projects of the corpus: where they are, how each is laid out, configured and built."""
import fnmatch
import json
import os
import platform
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = '/usr/local/bin:/usr/bin:/bin'
# The sanitizers' own, and which Ninja is meant.
KEPT = ('ASAN_OPTIONS', 'LSAN_OPTIONS', 'TSAN_OPTIONS', 'UBSAN_OPTIONS', 'GLOVEBOX_NINJA')


class Project:
    """One tree with what is expected of it. `kind`: "faulty", "clean" (the twin of a seed) or "project" (of clean/)."""

    def __init__(self, directory, kind):
        self.directory, self.kind = directory, kind
        self.name = os.path.basename(directory) + ('' if kind == 'project' else '/' + kind)
        with open(os.path.join(directory, 'expect.json')) as file:
            self.expect = json.load(file)
        self.faulty = kind == 'faulty'
        self.rules = self.expect.get('rules', []) if self.faulty else []
        self.may = self.expect.get('may', []) if self.faulty else []
        steps = self.expect.get('steps', ['build'])
        self.steps = [step if isinstance(step, dict) else {step: []} for step in steps]

    def trees(self, suffix=''):
        """What is laid over each other, the later above."""
        names = ([] if suffix else ['common']) + [self.kind + suffix]
        return [path for path in (os.path.join(self.directory, name) for name in names) if os.path.isdir(path)]

    def missing(self):
        """Why it cannot be built here; empty: it can."""
        machine = self.expect.get('machine')
        if machine and platform.machine() not in machine:
            return 'a machine of ' + ', '.join(machine)
        needs = list(self.expect.get('needs', []))
        if any(os.path.exists(os.path.join(tree, 'meson.build')) for tree in self.trees()):
            needs.append('meson')
        absent = [name for name in needs if not shutil.which(name, path=PATH)]
        if 'cmake' in self.expect and not self.cmake_is(self.expect['cmake']):
            absent.append('CMake ' + self.expect['cmake'])
        if 'tried' in self.expect and not self.host_can(os.path.join(self.directory, self.expect['tried'])):
            absent.append('a host on which %s ends well' % self.expect['tried'])
        return ', '.join(absent)

    @staticmethod
    def cmake_is(version):
        """Whether CMake is of this version: what is an experiment in one is something else in the next."""
        env = dict(os.environ, PATH=PATH)
        return ' %s.' % version in subprocess.run(['cmake', '--version'], env=env, stdout=subprocess.PIPE, text=True).stdout

    @staticmethod
    def host_can(source):
        """Whether a program, run without Glovebox, does what the project's own does."""
        with tempfile.TemporaryDirectory() as work:
            program = os.path.join(work, 'tried')
            subprocess.run(['gcc', source, '-o', program], check=True)
            return subprocess.run([program]).returncode == 0

    def may_be_incomplete(self, edge):
        """Edges that did not run and did not have to: CMake's and Meson's own helpers, and what the project names."""
        own = ('*build.ninja', '*.util', 'clean', 'help', 'meson-*')
        patterns = list(own) + self.expect.get('incomplete', [])
        return any(fnmatch.fnmatch(output, pattern) or output.endswith('/' + pattern)
                   for output in edge['outputs'] for pattern in patterns)


def projects(names=()):
    """Every project, or those of `names`: a seed with its twin, in the order of their names."""
    found = []
    for group, kinds in (('seeds', ('faulty', 'clean')), ('clean', ('project',))):
        for name in sorted(os.listdir(os.path.join(HERE, group))):
            if not names or name in names or group + '/' + name in names:
                found += [Project(os.path.join(HERE, group, name), kind) for kind in kinds]
    return found


class BuildError(Exception):
    pass


class Place:
    """A copy of a project below `work`, with a home, a temporary and a state directory of its own."""

    def __init__(self, project, work, ninja='ninja', prefix=(), glovebox=None):
        self.project, self.ninja, self.prefix, self.glovebox = project, ninja, list(prefix), glovebox
        name = project.expect.get('name', 'project')
        self.source = os.path.join(work, name)
        os.makedirs(self.source)
        for tree in project.trees():
            shutil.copytree(tree, self.source, symlinks=True, dirs_exist_ok=True)
        self.home, self.tmp = os.path.join(work, 'home'), os.path.join(work, 'tmp')
        for directory in (self.home, self.tmp):
            os.makedirs(directory)
        for path, text in project.expect.get('home', {}).items():
            self.write('HOME/' + path, text)
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env.update(PATH=PATH, HOME=self.home, TMPDIR=self.tmp, LANG='C.UTF-8', CCACHE_DIR=self.home + '/.cache/ccache',
                        GLOVEBOX_STATE_DIR=os.path.join(work, 'state'))
        level = project.expect.get('level', os.environ.get('GLOVEBOX_LEVEL'))
        if level:
            self.env['GLOVEBOX_LEVEL'] = level
        if os.path.exists(os.path.join(self.source, 'CMakeLists.txt')):
            self.system = 'cmake'
        else:
            self.system = 'meson' if os.path.exists(os.path.join(self.source, 'meson.build')) else 'ninja'
        self.build = os.path.join(self.source, project.expect.get('dir', '')).rstrip('/')
        if self.system != 'ninja' and not project.expect.get('in_source'):
            self.build = self.source + '-build'
            os.makedirs(self.build + ('-real' if project.expect.get('build_link') else ''))
        if project.expect.get('build_link'):
            os.symlink(self.build + '-real', self.build)
        if project.expect.get('source_link'):
            os.rename(self.source, self.source + '-real')
            os.symlink(self.source + '-real', self.source)

    def path(self, name):
        for prefix, directory in (('HOME/', self.home), ('TMP/', self.tmp)):
            if name.startswith(prefix):
                return os.path.join(directory, name[len(prefix):])
        return os.path.join(self.source, name)

    def write(self, name, text, mode='w'):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), mode) as file:
            file.write(text)

    def read(self, name):
        """An output; None: there is none."""
        try:
            with open(os.path.join(self.build, name), 'rb') as file:
                return file.read()
        except OSError:
            return None

    def run(self, *command, cwd=None):
        return subprocess.run(command, cwd=cwd or self.build, env=self.env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors='replace', timeout=120)

    def must(self, *command, cwd=None):
        done = self.run(*command, cwd=cwd)
        if done.returncode:
            raise BuildError('%s ended with %d\n%s' % (' '.join(command), done.returncode, done.stdout[-3000:]))
        return done.stdout

    def configure(self):
        setup = self.project.expect.get('setup')
        if setup:
            self.must(*setup, cwd=self.source)
        if self.system == 'cmake':
            generator = self.project.expect.get('generator', 'Ninja')
            command = ['cmake', '-G', generator, '-S', self.source, '-B', self.build]
            # "module": the tests of the project are wrapped as well, one by one.
            if self.project.expect.get('module') and self.glovebox:
                built = os.path.dirname(os.path.dirname(os.path.dirname(self.glovebox)))
                command.append('-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=' + os.path.join(built, 'cmake', 'Glovebox.cmake'))
            # "configure": the step is recorded as well, and ends like this.
            expected = self.project.expect.get('configure')
            if expected is None or not self.glovebox:
                self.must(*command, cwd=self.source)
                return
            done = self.run(*self.prefix, self.glovebox, *command, cwd=self.source)
            if done.returncode != (expected if self.project.faulty else 0):
                raise BuildError('%s ended with %d\n%s' % (' '.join(command), done.returncode, done.stdout[-3000:]))
        elif self.system == 'meson':
            self.must('meson', 'setup', self.build, self.source)

    def make(self, *targets):
        jobs = '-j%d' % self.project.expect.get('jobs', 2)
        return self.run(*self.prefix, self.ninja, jobs, *targets)

    def overlay(self):
        for tree in self.project.trees('-then'):
            for directory, _, names in os.walk(tree):
                for name in names:
                    # Written now, not as old as in the corpus: a change is younger than what was built.
                    inside = os.path.relpath(os.path.join(directory, name), tree)
                    with open(os.path.join(directory, name)) as file:
                        self.write(inside, file.read())

    def step(self, step):
        if 'build' in step:
            done = self.make(*step['build'])
            # "fails": below Glovebox the fault ends the command; of a test only where the module wraps it.
            fails = self.project.faulty and self.ninja.endswith('glovebox-ninja') and self.project.expect.get('fails')
            fails = fails and (self.glovebox or not self.project.expect.get('module'))
            if bool(done.returncode) != bool(fails):
                raise BuildError('the build ended with %d\n%s' % (done.returncode, done.stdout[-3000:]))
        elif 'overlay' in step:
            self.overlay()
        elif 'append' in step:
            self.write(step['append'], step['text'], 'a')
        elif 'touch' in step:
            os.utime(self.path(step['touch']))
        elif 'age' in step:
            os.utime(self.path(step['age']), (1000000000, 1000000000))
        elif 'clean' in step:
            self.must('ninja', '-t', 'clean')
        elif 'remove' in step:
            os.remove(self.path(step['remove']))
        else:
            raise BuildError('no such step: %s' % step)

    def steps(self):
        self.configure()
        for step in self.project.steps:
            self.step(step)
