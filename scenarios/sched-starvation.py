"""The simulated twin of go_templates/sched-starvation: the same goroutines and the same requests, in the simulator's vocabulary."""

import math
from collections.abc import Iterator
from typing import Any

from lab.sim import Body, G, ms, s

NAP = ms(20)
PERIOD = ms(1)
HOGS = 2
FOR_EVER = s(3600)
PAGE, SHARED = 4 << 10, 64 << 20
QUIET = ("selecting", "receiving", "sleeping", "calling")
FIRST_GAPS = 0x9E3779B97F4A7C15
WORD = (1 << 64) - 1


def main(
    g: G,
    *,
    population: str = "selecting",
    goroutines: int = 100,
    window: int = ms(100),
    probe: str = "on",
    every: int = ms(5),
    service: int = ms(2),
) -> Body:
    """One replicate of a cell. What the runtime is counted or traced with is not simulated."""
    if population == "serving":
        yield from serve(g, window, every, service)
    else:
        yield from populate(g, population, goroutines, window, is_probed=probe == "on")


class Probe:
    """A goroutine that wants to run each millisecond."""

    def __init__(self) -> None:
        """It has not begun."""
        self.late: list[int] = []
        self.due = 0

    def run(self, g: G, ready: Any, gate: Any) -> Body:
        """Sleep and note how late it is, again and again."""
        yield ready.done()
        yield gate.recv()
        while True:
            self.due = g.now() + PERIOD
            yield g.sleep(PERIOD)
            self.late.append(g.now() - self.due)

    def observe(self, g: G, began: int, now: int) -> None:
        """What it noted; if it is late now, it is so by so much at least."""
        for late in self.late:
            g.observe("probe_late_ns", max(late, 1))
        if (waits := now - (self.due or began)) > 0:
            g.observe("probe_late_ns", waits)


def populate(g: G, population: str, goroutines: int, window: int, *, is_probed: bool) -> Body:
    """All wait at a gate; it opens, and main looks when the window is over."""
    ready, gate, probe = g.waitgroup(), g.chan(), Probe()
    if is_probed:
        yield ready.add(1)
        yield g.go(probe.run, ready, gate)
    for number in range(goroutines if population != "none" else 0):
        yield ready.add(1)
        yield g.go(member, what(population, number), ready, gate, max(SHARED // goroutines // PAGE, 1))
    yield ready.wait()
    began, used = g.now(), g.cpu_time()
    yield gate.close()
    yield g.sleep(window)
    observe(g, began, used)
    if is_probed:
        probe.observe(g, began, g.now())


def what(population: str, number: int) -> str:
    """What goroutine *number* does."""
    if population != "mixed":
        return population
    return "spinning" if number < HOGS else QUIET[number % len(QUIET)]


def member(g: G, kind: str, ready: Any, gate: Any, pages: int) -> Body:
    """One of a population; *pages* are its part of the memory."""
    if kind == "locked":
        yield g.lock_os_thread()
    yield ready.done()
    yield gate.recv()
    if kind == "selecting":
        yield g.block()
    elif kind in ("receiving", "locked"):
        yield g.chan().recv()
    elif kind in ("spinning", "spinning_calls"):
        yield g.work(FOR_EVER)
    while True:
        yield from turn(g, kind, pages)


def turn(g: G, kind: str, pages: int) -> Body:
    """What is done again and again."""
    if kind == "sleeping":
        yield g.sleep(NAP)
    elif kind == "calling":
        yield g.syscall(NAP)
    elif kind == "cgo":
        yield g.cgo(0, blocking=NAP)
    else:
        if kind == "faulting":
            yield g.touch(pages * PAGE)
        else:
            yield from called(g, pages * g.cost("populate", page=PAGE))
        yield from called(g, pages * g.cost("unmap", page=PAGE))


def called(g: G, ns: int) -> Body:
    """A system call that is busy all the time."""
    yield g.syscall(ns, cpu=ns)


def observe(g: G, began: int, used: int) -> None:
    """CPU time each second, and how many threads there are."""
    g.observe("cpu_us_per_s", max(1, (g.cpu_time() - used) * 1_000_000 // (g.now() - began)))
    g.observe("threads", g.statistics()["threads"])


def gaps(mean: int) -> Iterator[int]:
    """Times between two requests, those of the program."""
    x = FIRST_GAPS
    while True:
        x ^= x << 13 & WORD
        x ^= x >> 7
        x ^= x << 17 & WORD
        yield int(-math.log(((x >> 11) + 0.5) / (1 << 53)) * mean)


def serve(g: G, window: int, every: int, service: int) -> Body:
    """A goroutine for each request when it is due, or as soon as main can."""
    ended, took = g.waitgroup(), list[int]()
    began, used = g.now(), g.cpu_time()
    source = gaps(every)
    due = began + next(source)
    while due < began + window:
        if (wait := due - g.now()) > 0:
            yield g.sleep(wait)
        yield ended.add(1)
        yield g.go(request, due, service, ended, took)
        due += next(source)
    if (left := began + window - g.now()) > 0:
        yield g.sleep(left)
    g.observe("served_per_s", len(took) * s(1) // (g.now() - began))
    observe(g, began, used)
    yield ended.wait()
    for each in took:
        g.observe("request_ns", each)


def request(g: G, due: int, service: int, ended: Any, took: list[int]) -> Body:
    """It takes from when it was due."""
    yield g.work(service)
    took.append(g.now() - due)
    yield ended.done()
