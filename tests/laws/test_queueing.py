"""The scheduler against queueing theory: slices and costs off, goroutines are customers and Ps are servers.

A customer arrives by coming back from a system call without a P: that puts it at the tail of the global queue.
"""

import heapq
import random
from dataclasses import replace
from typing import Any

import pytest

from lab.sim import Body, G
from lab.sim.loop import Loop, Program
from lab.sim.release import GO_1_27
from tests.free import free

_FAIR = replace(GO_1_27, time_slice=10**18, global_check_every=10**18)
"""Nobody is stopped, and nobody overtakes in the 61st round."""
_MEAN_NS = 1_000_000
_OPENS = 2 * 10**9
"""When the first may arrive: by then sysmon has taken the P from every system call."""


def _customers(count: int, load: float, servers: int, seed: int) -> list[tuple[int, int]]:
    """Arrival times and service times: Poisson arrivals, exponential service of 1 ms on average."""
    source = random.Random(seed)  # noqa: S311 - a simulation
    at, found = 0.0, []
    for _ in range(count):
        at += source.expovariate(load * servers / _MEAN_NS)
        found.append((round(at), round(source.expovariate(1 / _MEAN_NS)) + 1))
    return found


def _waits(customers: list[tuple[int, int]], servers: int) -> list[int]:
    """How long each customer waited for a P, in the order of arrival."""
    waits = [0] * len(customers)

    def main(g: G) -> Body:
        wg = g.waitgroup()
        yield wg.add(len(customers))
        for number, (at, service) in enumerate(customers):
            yield g.go(customer, wg, number, at, service)
        yield wg.wait()

    def customer(g: G, wg: Any, number: int, at: int, service: int) -> Body:
        yield g.syscall(_OPENS + at - g.now())
        waits[number] = g.now() - at - _OPENS
        yield g.work(service)
        yield wg.done()

    def stream(name: str) -> random.Random:
        return random.Random(name)  # noqa: S311 - a simulation

    # a CPU for every thread: how the kernel shares CPUs is not what is asked here
    loop = Loop(_FAIR, free(), stream, gomaxprocs=servers, cpus=len(customers) + servers)
    ended = loop.run(Program(main=main, params={}), max_time=10**18, max_events=10**8)
    assert ended.outcome == "exit"
    return waits


def _first_come_first_served(customers: list[tuple[int, int]], servers: int) -> list[int]:
    """The same by recursion (Lindley's, Kiefer and Wolfowitz's): nothing of the simulator in it."""
    free_at = [0] * servers
    waits = []
    for at, service in customers:
        start = max(at, heapq.heappop(free_at))
        waits.append(start - at)
        heapq.heappush(free_at, start + service)
    return waits


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_one_p_is_a_single_server(load: float) -> None:
    """Every customer waits for exactly as long as Lindley's recursion says."""
    customers = _customers(2000, load, servers=1, seed=20261123)

    assert _waits(customers, 1) == _first_come_first_served(customers, 1)


@pytest.mark.slow
@pytest.mark.parametrize("servers", [2, 4])
def test_several_ps_are_several_servers(servers: int) -> None:
    """The mean wait is that of first come first served within 5 %; order among Ps may differ, work is never lost."""
    customers = _customers(3000, 0.8, servers, seed=20261123)

    simulated, exact = _waits(customers, servers), _first_come_first_served(customers, servers)

    assert sum(simulated) == pytest.approx(sum(exact), rel=0.05)


@pytest.mark.slow
def test_waiting_times_are_those_of_m_m_1() -> None:
    """W = rho / (mu - lambda); 5000 customers at a load of 0.5, whose mean has a standard error of some 5 %."""
    customers = _customers(5000, 0.5, servers=1, seed=7)

    waits = _waits(customers, 1)

    assert sum(waits) / len(waits) == pytest.approx(_MEAN_NS, rel=0.15)
