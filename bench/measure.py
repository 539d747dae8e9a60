"""What the benchmarks share: CPU and wall time of a command with all that it starts, the machine in words, the table in docs."""
import os
import platform
import resource
import subprocess
import sys
import time


def run(command, **options):
    """Runs a command to its end; returns (cpu seconds, wall seconds)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))} failed:\n{done.stdout.decode(errors='replace')[-3000:]}")
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime), wall


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    return f"{os.cpu_count()} x {model}, Linux {platform.release().split('-')[0]}, gcc {compiler}"


def write_between(path, mark, text):
    """Replaces what stands between `<!-- MARK -->` and `<!-- end of MARK -->` in a file."""
    old = path.read_text()
    head, _, rest = old.partition(f"<!-- {mark} -->\n")
    _, _, tail = rest.partition(f"<!-- end of {mark} -->")
    path.write_text(f"{head}<!-- {mark} -->\n{text}\n<!-- end of {mark} -->{tail}")
