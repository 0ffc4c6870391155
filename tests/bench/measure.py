# SPDX-License-Identifier: Apache-2.0
"""One sample of what commands cost, and many of them, interleaved."""
import dataclasses
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """What a subject cannot do here, with the reason; its cell of the table stays empty."""


@dataclasses.dataclass
class Sample:
    wall: float  # milliseconds, as is cpu
    cpu: float
    faults: int  # without I/O
    read_faults: int  # with I/O
    peak: int  # kB, of the largest process


def build(name, directory):
    target = os.path.join(directory, name)
    subprocess.run(["cc", "-O2", "-static", "-o", target, os.path.join(HERE, name + ".c")], check=True)
    return target


def call(*command):
    """What the command prints; Failed with its last words where it fails."""
    # Files and not pipes: a created container keeps its streams open.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, close_fds=False)
        except OSError as error:
            raise Failed("%s: %s" % (command[0], error.strerror)) from error
        output.seek(0)
        errors.seek(0)
        if done.returncode:
            said = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
            # runc says when and how loud before it says what
            raise Failed(re.sub(r'^time=.* msg="(.*)"$', r"\1", said[-1]) if said else "exit status %d" % done.returncode)
        return output.read().decode()


def joined(commands):
    """Several commands as the timer takes them."""
    words = list(commands[0])
    for command in commands[1:]:
        words += ["+", *command]
    return words


class Meter:
    """Measures commands, with programs that it builds for that."""

    def __init__(self, directory):
        self.directory = directory
        self.timer = build("timer", directory)
        self.strace = shutil.which("strace")

    def cost(self, commands, copies=0):
        options = ["--copies", str(copies)] if copies else []
        wall, cpu, faults, read_faults, peak = map(int, call(self.timer, *options, *joined(commands)).split())
        return Sample(wall / 1e6, cpu / 1e3, faults, read_faults, peak)

    def trace(self, commands, calls=None):
        """What strace writes of the commands and of all below them, without the timer itself."""
        if not self.strace:
            raise Failed("strace is not installed")
        path = os.path.join(self.directory, "trace")
        # the timer shows itself by its execve, the first of all
        options = ["-e", "trace=execve," + calls] if calls else []
        call(self.strace, "-f", "-qq", *options, "-o", path, self.timer, *joined(commands))
        with open(path, errors="replace") as file:
            lines = file.read().splitlines()
        timer = lines[0].split()[0]
        return [line for line in lines if line.split()[0] != timer]

    def system_calls(self, commands):
        # a call that another process interrupts has two lines, and signals are no calls
        return sum(1 for line in self.trace(commands) if re.match(r"\d+ +\w+\(", line))

    def filter_length(self, commands):
        """Instructions of all filters that are loaded."""
        loaded = re.compile(r"SECCOMP_(?:SET_)?MODE_FILTER.*\blen=(\d+)(?!.*= -1 )")
        found = [loaded.search(line) for line in self.trace(commands, "seccomp,prctl")]
        if not any(found):
            raise Failed("loads no filter")
        return sum(int(match.group(1)) for match in found if match)


def interleaved(subjects, sample, rounds, pause):
    """{subject: [result]} and {subject: reason}: one sample of each a round, in an order that turns with the rounds.

    A pause goes before each, because a busy loop hides the grace periods that a cold write to a cgroup waits for.
    """
    results, reasons = {subject: [] for subject in subjects}, {}
    # the first of all is not counted: files and caches are cold
    for turn in range(rounds + 1):
        place = turn % len(subjects) if subjects else 0
        for subject in subjects[place:] + subjects[:place]:
            if subject in reasons:
                continue
            time.sleep(pause)
            try:
                result = sample(subject)
            except Failed as error:
                reasons[subject] = str(error)
                continue
            if turn:
                results[subject].append(result)
    return {subject: got for subject, got in results.items() if subject not in reasons}, reasons


def tenth(values):
    """The 10th percentile."""
    return sorted(values)[int((len(values) - 1) * 0.1)]


def differences(one, other):
    """How much more the second sample of each pair takes, which is less noisy than the difference of medians."""
    more = {name: statistics.median(getattr(b, name) - getattr(a, name) for a, b in zip(one, other))
            for name in ("wall", "cpu")}
    more["tenth"] = tenth([b.wall for b in other]) - tenth([a.wall for a in one])
    return more


def figures(samples):
    """Of the samples of one cell."""
    walls = [sample.wall for sample in samples]
    return {
        "wall": statistics.median(walls),
        "tenth": tenth(walls),
        "cpu": statistics.median(sample.cpu for sample in samples),
        "faults": statistics.median(sample.faults for sample in samples),
        "read_faults": statistics.median(sample.read_faults for sample in samples),
        "peak": statistics.median(sample.peak for sample in samples),
    }
