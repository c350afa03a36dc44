"""The scheduler against queueing theory: slices and costs off, goroutines are customers and Ps are servers."""

import heapq
import random
from dataclasses import replace
from typing import Any

import pytest

from lab.sim import Body, G
from lab.sim.loop import Loop, Program
from lab.sim.release import GO_1_27
from tests.free import free

_ENDLESS = replace(GO_1_27, time_slice=10**18)
_MEAN_NS = 1_000_000


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
        yield g.netwait(at - g.now())
        waits[number] = g.now() - at
        yield g.work(service)
        yield wg.done()

    def stream(name: str) -> random.Random:
        return random.Random(name)  # noqa: S311 - a simulation

    loop = Loop(_ENDLESS, free(), stream, gomaxprocs=servers, cpus=servers)
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
    """Customers wait for exactly as long as Lindley's recursion says, but for those that the 61st round lets pass.

    Each 61st schedtick looks at the global queue first, so now and then a later customer overtakes: no more than one
    of a hundred waits differently, the mean stays, and the last leaves at the same instant, because a P never idles
    while there is work.
    """
    customers = _customers(3000, load, servers=1, seed=20261123)

    simulated, exact = _waits(customers, 1), _first_come_first_served(customers, 1)

    assert sum(a == b for a, b in zip(simulated, exact, strict=True)) >= 0.99 * len(customers)
    assert sum(simulated) == pytest.approx(sum(exact), rel=0.001)
    assert _last_to_leave(customers, simulated) == _last_to_leave(customers, exact)


def _last_to_leave(customers: list[tuple[int, int]], waits: list[int]) -> int:
    return max(at + wait + service for (at, service), wait in zip(customers, waits, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("servers", [2, 4])
def test_several_ps_are_several_servers(servers: int) -> None:
    """The mean wait is that of first come first served within 5 %; order among Ps may differ, work is never lost."""
    customers = _customers(6000, 0.8, servers, seed=20261123)

    simulated, exact = _waits(customers, servers), _first_come_first_served(customers, servers)

    assert sum(simulated) == pytest.approx(sum(exact), rel=0.05)


@pytest.mark.slow
def test_waiting_times_are_those_of_m_m_1() -> None:
    """W = rho / (mu - lambda); 20000 customers at a load of 0.5, whose mean has a standard error of some 3 %."""
    customers = _customers(20000, 0.5, servers=1, seed=7)

    waits = _waits(customers, 1)

    assert sum(waits) / len(waits) == pytest.approx(_MEAN_NS, rel=0.1)
