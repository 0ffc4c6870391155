# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: what is done before a sample, what is timed, and what is done after it."""
import dataclasses
import os
import shutil
import statistics
import tempfile
import time
import typing

from measure import Failed, figures, interleaved

PARALLEL = 64


@dataclasses.dataclass
class Row:
    title: str
    # the commands of one sample, as (subject) -> [[word, ...], ...], or None where the subject knows no such thing
    timed: typing.Callable
    before: typing.Callable = None  # each sample, as are `after` and `timed`
    after: typing.Callable = None
    first: typing.Callable = None  # once
    main: bool = False  # with its system calls and page faults
    copies: int = 0  # of the one command, at once


@dataclasses.dataclass
class Result:
    """A line of the table: a figure of each subject, {key: {...}}, in milliseconds or another unit."""

    title: str
    cells: dict
    reasons: dict
    unit: str = "ms"


def wait_for_end(pid):
    for _ in range(5000):
        try:
            with open("/proc/%d/stat" % pid) as file:
                if file.read().rsplit(")", 1)[1].split()[0] in "ZX":
                    return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.001)
    raise Failed("process %d does not end" % pid)


class Scene:
    """Containers in the states that commands want them in, made of the bundles."""

    def __init__(self, bundles, work):
        self.bundles = bundles
        self.work = work

    def remove(self, subject):
        if subject.runtime:
            subject.remove(subject.id)

    def created(self, subject, bundle=None):
        """The number of the process."""
        file = os.path.join(self.work, "pid-" + subject.key)
        subject.call("create", "--bundle", bundle or self.bundles.staying, "--pid-file", file, subject.id)
        with open(file) as pid:
            return int(pid.read())

    def running(self, subject):
        pid = self.created(subject)
        subject.call("start", subject.id)
        return pid

    def stopped(self, subject):
        pid = self.created(subject, self.bundles.plain)
        subject.call("start", subject.id)
        wait_for_end(pid)


def runs(subject, bundle, cgroups=True):
    if not subject.runtime:
        return None
    if not cgroups and not subject.without_cgroups:
        return None
    return [subject.command("run", "--bundle", bundle, subject.id, cgroups=cgroups)]


def one(*words):
    """A row's command: these words and the container's id ("ID"), of a runtime."""
    def commands(subject):
        if not subject.runtime:
            return None
        return [subject.command(*(subject.id if word == "ID" else word for word in words))]
    return commands


def several(*commands):
    """Commands one after the other, each as for one()."""
    def all_of(subject):
        if not subject.runtime:
            return None
        return [one(*words)(subject)[0] for words in commands]
    return all_of


def life_rows(bundles, scene):
    """Rows that are measured beside any number of other containers."""
    def bare(subject):
        return runs(subject, bundles.plain, cgroups=False) if subject.runtime else [subject.life(bundles.plain)]

    running = {"first": scene.running}
    return [
        Row("`run` under Podman's profile, no cgroups", lambda s: runs(s, bundles.profile, cgroups=False), main=True),
        Row("`run` under Podman's profile", lambda s: runs(s, bundles.profile), main=True),
        Row("`run`, no cgroups", bare, main=True),
        Row("`run`", lambda s: runs(s, bundles.plain), main=True),
        Row("`run` with pids and memory limits", lambda s: runs(s, bundles.limits)),
        Row("`create` + `start` + `delete --force`",
            several(("create", "--bundle", bundles.plain, "ID"), ("start", "ID"), ("delete", "--force", "ID")),
            main=True),
        Row("`exec` of /bin/true", one("exec", "ID", "/bin/true"), main=True, **running),
        Row("`state`", one("state", "ID"), **running),
        Row("`kill`, running", one("kill", "ID", "KILL"), before=scene.running, after=scene.remove),
        Row("`start`", one("start", "ID"), before=scene.created, after=scene.remove),
        Row("`delete`, stopped", one("delete", "ID"), before=scene.stopped),
        Row("`update` of one limit", one("update", "--pids-limit", "200", "ID"), **running),
        Row("`pause` + `resume`", several(("pause", "ID"), ("resume", "ID")), **running),
        Row("`list`", one("list")),
    ]


def evict(path):
    """Drop one file's pages from the cache; it is a copy of our own, so others keep theirs."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


class Copies:
    """A copy of each program on a disk: /run is memory, and others use the originals."""

    def __init__(self, beside):
        self.beside = os.path.dirname(os.path.abspath(beside))
        self.directory = None
        self.paths = {}

    def path(self, subject):
        self.directory = self.directory or tempfile.mkdtemp(prefix="bench-", dir=self.beside)
        if subject.key not in self.paths:
            self.paths[subject.key] = shutil.copy(subject.binary, os.path.join(self.directory, subject.key))
        return self.paths[subject.key]

    def close(self):
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)


def cold_rows(bundles, copies):
    """What a first time costs. They need a machine without other containers of the subjects."""
    def from_disk(subject):
        commands = runs(subject, bundles.profile)
        return commands and [[copies.path(subject), *commands[0][1:]]]

    def forget(what):
        return lambda subject: getattr(subject, what)() if subject.runtime else None

    return [
        Row("`run` under Podman's profile, filter not in a cache", lambda s: runs(s, bundles.profile),
            before=forget("forget_filters")),
        Row("`run` under Podman's profile, program not in memory", from_disk,
            before=lambda s: evict(copies.path(s)) if s.runtime else None),
        Row("`run` under Podman's profile, first after boot", lambda s: runs(s, bundles.profile),
            before=forget("forget_all")),
    ]


def parallel_row(bundles):
    """As many containers at once as PARALLEL says."""
    def create(subject):
        if not subject.runtime:
            return None
        return [subject.command("create", "--bundle", bundles.plain, "parallel-%s-{}" % subject.key)]

    def remove(subject):
        for number in range(PARALLEL):
            subject.remove("parallel-%s-%d" % (subject.key, number))

    return Row("%d `create` at once" % PARALLEL, create, after=remove, copies=PARALLEL)


class Bench:
    """Measures rows, one after the other, with what all of them share."""

    def __init__(self, subjects, meter, scene, options):
        self.subjects = subjects
        self.meter = meter
        self.scene = scene
        self.options = options

    def sample(self, row, subject):
        if row.before:
            row.before(subject)
        try:
            return self.meter.cost(row.timed(subject), row.copies)
        finally:
            if row.after:
                row.after(subject)

    def row(self, row, title, rounds=None):
        """The lines of the table that one row comes to."""
        subjects = [subject for subject in self.subjects if row.timed(subject)]
        reasons = {}
        try:
            if row.first:
                for subject in list(subjects):
                    try:
                        row.first(subject)
                    except Failed as error:
                        reasons[subject.key] = str(error)
                        subjects.remove(subject)

            def counted(subject):
                try:
                    return self.sample(row, subject)
                except Failed:
                    self.tidy(subject)
                    raise
            got, failed = interleaved(subjects, counted, rounds or self.options.rounds, self.options.pause)
            reasons.update({subject.key: reason for subject, reason in failed.items()})
            results = [Result(title, {s.key: figures(samples) for s, samples in got.items()}, reasons)]
            if row.main:
                results += self.counts(row, title, got)
        finally:
            for subject in subjects:
                self.tidy(subject)
        return results

    def tidy(self, subject):
        """A sample that failed may have left its container; what cannot be removed is told at the end."""
        try:
            self.scene.remove(subject)
        except Failed:
            pass

    def counts(self, row, title, got):
        faults = {s.key: {"value": statistics.median(sample.faults for sample in samples)} for s, samples in got.items()}
        peaks = {s.key: {"value": statistics.median(sample.peak for sample in samples)}
                 for s, samples in got.items() if s.runtime}
        calls, reasons = interleaved(list(got), lambda s: self.meter.system_calls(row.timed(s)),
                                     min(3, self.options.rounds), 0)
        calls = {s.key: {"value": statistics.median(values)} for s, values in calls.items()}
        return [
            Result(title + ": system calls", calls, {s.key: reason for s, reason in reasons.items()}, "calls"),
            Result(title + ": page faults", faults, {}, "faults"),
            Result(title + ": peak memory", peaks, {}, "kB"),
        ]

    def memory_of_init(self, title):
        """A created container that waits for `start`."""
        def memory(subject):
            figures_of = {}
            try:
                with open("/proc/%d/status" % self.scene.created(subject, self.scene.bundles.plain)) as file:
                    for line in file:
                        if line.startswith(("VmRSS", "RssAnon")):
                            figures_of[line.split(":")[0]] = int(line.split()[1])
            finally:
                self.tidy(subject)
            return figures_of

        runtimes = [subject for subject in self.subjects if subject.runtime]
        got, reasons = interleaved(runtimes, memory, min(3, self.options.rounds), 0)
        reasons = {subject.key: reason for subject, reason in reasons.items()}
        return [Result(title % what, {s.key: {"value": statistics.median(one[name] for one in values)}
                                      for s, values in got.items()}, reasons, "kB")
                for what, name in (("anonymous memory", "RssAnon"), ("resident memory", "VmRSS"))]

    def each(self, title, unit, value):
        """A figure that does not vary, of each runtime."""
        cells, reasons = {}, {}
        for subject in self.subjects:
            if not subject.runtime:
                continue
            try:
                cells[subject.key] = {"value": value(subject)}
            except Failed as error:
                reasons[subject.key] = str(error)
                self.tidy(subject)
        return [Result(title, cells, reasons, unit)]
