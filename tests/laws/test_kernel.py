"""The kernel layer against theory: shares of a CPU, and of a quota, in closed form. No Go is in it."""

import itertools
import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.sim.bandwidth import PERIOD
from lab.sim.packaged import packaged
from tests.machine import SLICE, TICK, Machine, Phases

_MS: Final = 1_000_000
_LONG: Final = 6_000 * _MS
_FOR_EVER: Final = 10**15
_KEPT_BACK: Final = SLICE + TICK
"""By how much a CPU's use may differ from what it was given: a slice that it has not used, a tick that it was late."""


def _hogs(count: int, machine: Machine, until: int) -> list[int]:
    """The CPU time of each of *count* threads that never stop."""
    for _ in range(count):
        machine.hog(_FOR_EVER)
    machine.run(until)
    return list(machine.used().values())


# Shares


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hogs", "cpus"), [(1, 1), (2, 1), (3, 1), (7, 1), (2, 2), (4, 2), (6, 2), (8, 2), (6, 3), (9, 3), (8, 4)]
)
def test_hogs_that_divide_among_the_cpus_get_equal_shares(hogs: int, cpus: int) -> None:
    """Nobody is ever more than one turn, a tick, from the fair share of six seconds."""
    used = _hogs(hogs, Machine(cpus), _LONG)

    assert max(abs(ns - _LONG * cpus / hogs) for ns in used) <= TICK


@pytest.mark.slow
@pytest.mark.parametrize(("hogs", "cpus"), [(3, 2), (7, 2), (4, 3), (5, 3), (5, 4), (6, 4)])
def test_hogs_that_do_not_divide_share_by_moving(hogs: int, cpus: int) -> None:
    """A CPU passes one on every 32 to 64 ms: over six seconds nobody is a tenth from the fair share."""
    used = _hogs(hogs, Machine(cpus, source=random.Random(1)), _LONG)  # noqa: S311 - ticks at different times

    assert all(0.9 < ns / (_LONG * cpus / hogs) < 1.1 for ns in used)


@pytest.mark.slow
def test_five_hogs_on_two_cpus_share_less_evenly() -> None:
    """Two and three of them on a CPU: who moves loses and gains in turn."""
    used = _hogs(5, Machine(2, source=random.Random(1)), _LONG)  # noqa: S311 - ticks at different times

    assert all(0.8 < ns / (_LONG * 2 / 5) < 1.1 for ns in used)


@pytest.mark.parametrize(("hogs", "cpus"), list(itertools.product((1, 2, 3, 5, 8), (1, 2, 3))))
def test_no_cpu_time_is_lost(hogs: int, cpus: int) -> None:
    """As many CPUs as there are threads to use them are busy all the time."""
    assert sum(_hogs(hogs, Machine(cpus), 1000 * _MS)) == min(hogs, cpus) * 1000 * _MS


def test_turns_cost_a_switch_each() -> None:
    """Two that take turns at ticks lose what switching costs, and no more."""
    machine = Machine(1, costs=packaged())
    ends = [machine.hog(200 * _MS).id for _ in range(2)]
    machine.run(_LONG)
    dearest = max(packaged().cost("context_switch").points[0].processes)[0]
    switches = sum(change.new == "running" for change in machine.changes)

    last = max(machine.ended[each] for each in ends)
    assert 400 * _MS < last <= 400 * _MS + switches * dearest
    assert switches >= 400 * _MS // TICK


# A quota


_SETTINGS = [
    (hogs, cpus, quota)
    for hogs, cpus, quota in itertools.product((1, 2, 3, 8), (1, 2, 4), (0.2, 0.5, 0.9, 1.5, 3.0))
    if quota < min(hogs, cpus)
]


@pytest.mark.parametrize(("hogs", "cpus", "quota"), _SETTINGS)
def test_a_quota_is_used_up_each_period_and_overruns_are_paid_back(
    hogs: int, cpus: int, quota: float
) -> None:
    """After k periods k quotas were used and at most a tick for each CPU, however large k is."""
    machine = Machine(cpus, quota)
    _hogs(hogs, machine, 30 * PERIOD)

    for count in range(1, 30):
        over = sum(machine.used(0, count * PERIOD).values()) - round(count * quota * PERIOD)
        assert 0 <= over <= cpus * TICK


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(_SETTINGS),
    st.integers(0, PERIOD - 1),
    st.randoms(use_true_random=False),
    st.integers(1, 8),
)
def test_from_any_phase_as_well(
    setting: tuple[int, int, float], phase: int, source: random.Random, periods: int
) -> None:
    """Within what CPUs hold of a slice at either end, and a tick: however many periods there are between."""
    hogs, cpus, quota = setting
    machine = Machine(cpus, quota, source=Phases(phase, source))
    _hogs(hogs, machine, phase + (periods + 1) * PERIOD)

    used = sum(machine.used(phase + PERIOD, phase + (periods + 1) * PERIOD).values())

    assert abs(used - periods * quota * PERIOD) <= cpus * _KEPT_BACK


@pytest.mark.parametrize(("hogs", "cpus"), [(1, 1), (1, 2), (2, 2), (3, 2), (8, 4)])
def test_a_quota_that_cannot_be_spent_takes_nothing(hogs: int, cpus: int) -> None:
    """CPU time is that of as many CPUs as there are threads to use them."""
    machine = Machine(cpus, min(hogs, cpus) + 0.5)

    assert sum(_hogs(hogs, machine, 10 * PERIOD)) == min(hogs, cpus) * 10 * PERIOD
    assert machine.kernel.cpus.throttled_ns == 0


def _finished(total: float, quota: float, cpus: int, first_refill: int) -> float:
    """When *total* CPU time is used up by *cpus* that use what each period gives them: a quota at 0, one at each refill."""
    at, until, left = 0.0, float(first_refill or PERIOD), total
    while left > (got := min(quota * PERIOD, cpus * (until - at))):
        at, until, left = until, until + PERIOD, left - got
    return at + max(left, 0) / cpus


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 6), st.integers(1, 3)),
    st.sampled_from((0.1, 0.2, 0.5, 0.75, 0.99)),
    st.integers(1, 300),
    st.integers(0, PERIOD - 1),
    st.randoms(use_true_random=False),
)
def test_the_wall_time_of_hogs_under_a_quota(
    many: tuple[int, int], quota: float, work_ms: int, phase: int, source: random.Random
) -> None:
    """Threads with n · W of CPU time among them last until the refill that brings the rest of it.

    A slice and a tick for each CPU either way; and at the end one thread may be left, so the rest may take as long as on one CPU.
    """
    hogs, cpus = many
    machine = Machine(cpus, quota, source=Phases(phase, source))
    for _ in range(hogs):
        machine.hog(work_ms * _MS)
    machine.run(200 * PERIOD)
    total, slack = hogs * work_ms * _MS, cpus * _KEPT_BACK

    last = max(machine.ended.values())

    assert len(machine.ended) == hogs
    assert _finished(total - slack, quota, min(hogs, cpus), phase) <= last
    assert last <= _finished(total + slack, quota, 1, phase) + slack


def test_a_hog_under_half_a_cpu() -> None:
    """50 of each 100 ms, seen only at ticks: 52, then 48, and so on; so 190 ms end 38 ms into the fourth period."""
    machine = Machine(1, 0.5)
    machine.hog(190 * _MS)
    machine.run(_LONG)

    assert [(each.at // _MS, each.new) for each in machine.changes] == [
        (0, "running"),
        (52, "waiting"),
        (52, "throttled"),
        (100, "waiting"),
        (100, "running"),
        (148, "waiting"),
        (148, "throttled"),
        (200, "waiting"),
        (200, "running"),
        (252, "waiting"),
        (252, "throttled"),
        (300, "waiting"),
        (300, "running"),
        (338, ""),
    ]


def test_more_threads_are_throttled_sooner_and_longer() -> None:
    """Of 50 ms a period: 5 ms to each CPU that asks, and what it has overrun when it asks again, until nothing is left."""
    stops = []
    for threads in (1, 2, 4):
        machine = Machine(4, 0.5)
        _hogs(threads, machine, PERIOD - 1)
        stops.append([each.at // _MS for each in machine.changes if each.new == "throttled"])

    assert stops == [[52], [24, 32], [12, 16, 16, 16]]


def test_a_quota_above_the_cpus_changes_nothing() -> None:
    """Every change of every thread is where it would be without, with costs, turns, sleeps and moves."""

    def changes(quota: float | None) -> object:
        machine = Machine(2, quota, source=Phases(0, random.Random(3)), costs=packaged())  # noqa: S311 - a simulation
        for number in range(5):
            machine.hog(300 * _MS, at=number * 77 * _MS)
        machine.run(_LONG)
        return machine.changes

    assert changes(2.5) == changes(None)
    assert changes(8.0) == changes(None)


def test_a_quota_of_all_cpus_stops_one_for_a_tick_or_two() -> None:
    """What one CPU holds of a slice another lacks at the end of a period; it is never missed by more than ticks."""
    machine = Machine(2, 2.0, source=random.Random(2))  # noqa: S311 - a simulation
    used = _hogs(2, machine, 20 * PERIOD)

    assert 2 * 20 * PERIOD - 2 * TICK <= sum(used) <= 2 * 20 * PERIOD
