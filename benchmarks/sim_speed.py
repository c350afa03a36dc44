"""How fast the simulator is: G state transitions of a channel ping-pong a second, over the events of a stock SimPy loop.

Each row's ratio is the median over interleaved pairs of one run on one machine, in CPU time: what else the machine does
counts as little as it can. A round trip of a pair of goroutines has six transitions: each of the two is made runnable,
runs, and waits. SIM.md's section 7 has the targets; the kernel layer is on in all rows.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpy

from lab.sim import Body, G, ms, s, simulate, us

_TRANSITIONS = 6
_OF_A_PAIR = 3
"""Transitions besides: the first of two waits for the start, is made runnable, runs, and ends."""
_ROUNDS = 9
_MANY = 100_000
"""Goroutines of which one run has to do: it takes a minute."""
_A_TRIP = 500
"""About what a round trip takes on its P, in simulated nanoseconds."""
_WARM_UP = ms(50)
_LEAST_ONE_P = 1.5
_LEAST_EVENTS = 1.2
_LEAST_BUSY = 0.5
_FLAT = (0.8, 1.2)
_MOST_GROWTH = 1.7
_MOST_BYTES = 1024
_MOST_START = 0.4


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    pairs: int
    procs: int = 1
    events: bool = False
    round_trips: int = 0
    """At least so many a pair."""
    least: float = 0

    @property
    def goroutines(self) -> int:
        return self.pairs * 2


_PAIR = [
    _Row("1 P, 2 goroutines", 1, least=_LEAST_ONE_P),
    _Row("1 P, 2 goroutines, events on", 1, events=True, least=_LEAST_EVENTS),
]
_MORE = [
    _Row(f"1 P, {pairs * 2} goroutines", pairs, round_trips=40 if pairs < _MANY // 2 else 8)
    for pairs in (5, 50, 500, 5_000, 50_000, 500_000)
]
_BUSY = [
    _Row(f"{procs} Ps, {procs * 4} goroutines", procs * 2, procs, round_trips=100, least=_LEAST_BUSY)
    for procs in (2, 4, 16, 64, 256)
]


def main() -> int:
    """Print the table; 1 where a target is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--round-trips", type=int, default=60_000, help="of each row")
    count = arguments.parse_args().round_trips
    print(f"{'':32} {'transitions/s':>14} {'of stock SimPy':>15}")
    ratios: dict[str, float] = {}
    missed = []
    for row in (*_PAIR, *_MORE, *_BUSY):
        speed, ratio = _measured(row, max(count // row.pairs, row.round_trips))
        ratios[row.name] = ratio
        said = f"   target {row.least:g}" if row.least else ""
        print(f"{row.name:32} {speed:14,.0f} {ratio:15.2f}{said}", flush=True)
        if ratio < row.least:
            missed.append(row.name)
    for what, value, target, is_met in _compared(ratios):
        print(f"{what:48} {value:15.2f}   target {target}")
        if not is_met:
            missed.append(what)
    for what in missed:
        print(f"missed: {what}")
    return int(bool(missed))


def _compared(ratios: dict[str, float]) -> Iterable[tuple[str, float, str, bool]]:
    """How the cost of a transition grows, and what else is limited: what, how much, what is wanted, whether it is met."""
    first, *others, largest = _MORE
    for row in others:
        if row.goroutines < _MANY:
            cost = ratios[first.name] / ratios[row.name]
            wanted = f"{_FLAT[0]} … {_FLAT[1]}"
            yield (
                f"cost with {row.goroutines:,} goroutines, of that with 10",
                cost,
                wanted,
                _FLAT[0] <= cost <= _FLAT[1],
            )
    cost = ratios[first.name] / ratios[largest.name]
    yield (
        f"cost with {largest.goroutines:,} goroutines, likewise",
        cost,
        f"≤ {_MOST_GROWTH}",
        cost <= _MOST_GROWTH,
    )
    busy = [ratios[row.name] for row in _BUSY]
    growth = max(busy) / min(busy)
    yield "highest cost of busy Ps, of the lowest", growth, f"≤ {_MOST_GROWTH}", growth <= _MOST_GROWTH
    size = _bytes_a_goroutine()
    yield "bytes a parked goroutine", size, f"< {_MOST_BYTES}", size < _MOST_BYTES
    start = _start_up()
    yield "start of golab sim, in CPU seconds", start, f"< {_MOST_START}", start < _MOST_START


def _measured(row: _Row, round_trips: int) -> tuple[float, float]:
    """Transitions a second, and their ratio to the stock loop's events."""
    speeds, ratios = [], []
    for _ in range(_ROUNDS if row.goroutines < _MANY else 1):
        stock = _stock(150_000)
        if row.procs > 1:
            speed = _all_busy(row.procs, round_trips * row.pairs)
        else:
            speed = _ping_pong(row.pairs, round_trips, events=row.events)
        speeds.append(speed)
        ratios.append(speed * 2 / (stock + _stock(150_000)))
    return statistics.median(speeds), statistics.median(ratios)


def _stock(count: int) -> float:
    """Events a second of a process that waits for one timeout after the other."""
    env = simpy.Environment()

    def process() -> Any:
        for _ in range(count):
            yield env.timeout(1)

    env.process(process())
    begun = time.process_time()
    env.run()
    return count / (time.process_time() - begun)


def _ping_pong(pairs: int, round_trips: int, *, events: bool) -> float:
    """Transitions a second, from when the goroutines are there until the last has done its round trips."""
    times: list[float] = []
    result = simulate(
        _program,
        gomaxprocs=1,
        cpus=1,
        params={"pairs": pairs, "round_trips": round_trips, "times": times},
        events=events,
        max_time=s(10**6),
        max_events=10**9,
    )
    assert result.outcome == "exit", result.message
    return pairs * (round_trips * _TRANSITIONS + _OF_A_PAIR) / (times[1] - times[0])


def _all_busy(procs: int, trips: int) -> float:
    """Transitions a second while every P has a pair that goes to and fro, until there were some *trips* in all."""
    seen: list[tuple[float, int]] = []
    simulate(
        _busy,
        gomaxprocs=procs,
        cpus=procs,
        params={"pairs": procs * 2, "window": trips * _A_TRIP // procs, "seen": seen},
        max_time=s(10**6),
        max_events=10**9,
    )
    (begun, before), (ended, after) = seen
    return (after - before) * _TRANSITIONS / (ended - begun)


def _busy(g: G, *, pairs: int, window: int, seen: list[tuple[float, int]]) -> Body:
    """The Ms wake one after the other, so the first of each pair works until all Ps have one; only then it is measured."""
    done, started = [0], [False]
    for _ in range(pairs):
        there, back = g.chan(), g.chan()
        yield g.go(_pong, there, back)
        yield g.go(_busy_ping, there, back, started, done)
    yield g.sleep(_WARM_UP)
    started[0] = True
    yield g.sleep(window)
    seen.append((time.process_time(), done[0]))
    yield g.sleep(window)
    seen.append((time.process_time(), done[0]))


def _busy_ping(g: G, there: Any, back: Any, started: list[bool], done: list[int]) -> Body:
    while not started[0]:
        yield g.work(us(20))
    while True:
        yield there.send(1)
        yield back.recv()
        done[0] += 1


def _program(g: G, *, pairs: int, round_trips: int, times: list[float]) -> Body:
    wg, gate = g.waitgroup(), g.chan()
    yield wg.add(pairs)
    for _ in range(pairs):
        there, back = g.chan(), g.chan()
        yield g.go(_ping, (there, back), gate, wg, round_trips)
        yield g.go(_pong, there, back)
    yield g.sleep(s(1))
    times.append(time.process_time())
    yield gate.close()
    yield wg.wait()
    times.append(time.process_time())


def _ping(_g: G, pair: tuple[Any, Any], gate: Any, wg: Any, round_trips: int) -> Body:
    there, back = pair
    yield gate.recv()
    for _ in range(round_trips):
        yield there.send(1)
        yield back.recv()
    yield wg.done()


def _pong(_g: G, there: Any, back: Any) -> Body:
    while True:
        yield there.recv()
        yield back.send(1)


def _bytes_a_goroutine() -> float:
    """What the process grows by for each goroutine that waits on one channel."""
    count = 200_000

    def parks(g: G) -> Body:
        gate = g.chan()
        for _ in range(count):
            yield g.go(waits, gate)
        yield g.sleep(s(1))
        g.observe("kib", _resident_kib())

    def waits(_g: G, gate: Any) -> Body:
        yield gate.recv()

    gc.collect()
    before = _resident_kib()
    result = simulate(parks, gomaxprocs=1, max_time=s(1000), max_events=10**9)
    return float((result.observations["kib"][0] - before) * 1024 / count)


def _start_up() -> float:
    """The CPU time that ``golab sim`` of an empty program takes: the least of some, as what else runs only adds to it."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "empty.py")
        program.write_text("def main(g):\n    yield g.work(1)\n", encoding="utf-8")
        command = [sys.executable, "-m", "lab", "sim", str(program), "--costs", "packaged", "--json"]
        taken = []
        for _ in range(_ROUNDS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(taken)


def _resident_kib() -> int:
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - a line of the kernel's
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024


if __name__ == "__main__":
    sys.exit(main())
