"""How fast the simulator is: G state transitions of a channel ping-pong a second, over the events of a stock SimPy loop.

Each row's ratio is the median over interleaved pairs of one run on one machine. A round trip of a pair of goroutines
has six transitions: each of the two is made runnable, runs, and waits.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import sys
import time
from typing import Any

import simpy

from lab.sim import Body, G, s, simulate

_TRANSITIONS = 6
_ROUNDS = 5
_TARGETS = {"1 P, 2 goroutines": 1.5, "1 P, 2 goroutines, events on": None}


def main() -> int:
    """Print the table; 1 where a target is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--round-trips", type=int, default=60_000, help="of each row")
    count = arguments.parse_args().round_trips
    missed = 0
    print(f"{'':32} {'transitions/s':>14} {'of stock SimPy':>15}")
    rows: list[tuple[str, int, int, bool]] = [
        ("1 P, 2 goroutines", 1, 1, False),
        ("1 P, 2 goroutines, events on", 1, 1, True),
        *(
            (f"1 P, {pairs * 2} goroutines", pairs, 1, False)
            for pairs in (5, 50, 500, 5_000, 50_000, 500_000)
        ),
        *((f"{procs} Ps, {procs * 4} goroutines", procs * 2, procs, False) for procs in (2, 4, 16, 64, 256)),
    ]
    for name, pairs, procs, events in rows:
        speed, ratio = _measured(pairs, procs, max(count // pairs, 8), events=events)
        target = _TARGETS.get(name)
        missed += target is not None and ratio < target
        print(f"{name:32} {speed:14,.0f} {ratio:15.2f}" + (f"   target {target:g}" if target else ""))
    print(f"{'bytes a parked goroutine':32} {_bytes_a_goroutine():14,.0f}")
    return int(missed > 0)


def _measured(pairs: int, procs: int, round_trips: int, *, events: bool) -> tuple[float, float]:
    """Transitions a second, and their ratio to the stock loop's events."""
    speeds, ratios = [], []
    for _ in range(_ROUNDS if pairs < 500_000 else 1):
        stock = _stock(200_000)
        speed = _ping_pong(pairs, procs, round_trips, events=events)
        speeds.append(speed)
        ratios.append(speed / stock)
    return statistics.median(speeds), statistics.median(ratios)


def _stock(count: int) -> float:
    """Events a second of a process that waits for one timeout after the other."""
    env = simpy.Environment()

    def process() -> Any:
        for _ in range(count):
            yield env.timeout(1)

    env.process(process())
    begun = time.perf_counter()
    env.run()
    return count / (time.perf_counter() - begun)


def _ping_pong(pairs: int, procs: int, round_trips: int, *, events: bool) -> float:
    """Transitions a second, from when the goroutines are there until the last has done its round trips."""
    times: list[float] = []
    result = simulate(
        _program,
        gomaxprocs=procs,
        cpus=procs,
        params={"pairs": pairs, "round_trips": round_trips, "times": times},
        events=events,
        max_time=s(10**6),
        max_events=10**9,
    )
    assert result.outcome == "exit", result.message
    return pairs * round_trips * _TRANSITIONS / (times[1] - times[0])


def _program(g: G, *, pairs: int, round_trips: int, times: list[float]) -> Body:
    wg, gate = g.waitgroup(), g.chan()
    yield wg.add(pairs)
    for _ in range(pairs):
        there, back = g.chan(), g.chan()
        yield g.go(_ping, (there, back), gate, wg, round_trips)
        yield g.go(_pong, there, back)
    yield g.sleep(s(1))
    times.append(time.perf_counter())
    yield gate.close()
    yield wg.wait()
    times.append(time.perf_counter())


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


def _resident_kib() -> int:
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - a line of the kernel's
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024


if __name__ == "__main__":
    sys.exit(main())
