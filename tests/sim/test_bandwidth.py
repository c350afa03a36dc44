"""A quota's arithmetic, in ms."""

from typing import Final

from lab.sim.bandwidth import Bandwidth
from lab.sim.thread import Cpu, Thread

_MS: Final = 1_000_000


def _bandwidth(pool: int, quota: int = 50) -> Bandwidth:
    return Bandwidth(quota=quota * _MS, slice=5 * _MS, pool=pool * _MS)


def _cpu(runtime: int, *, busy: bool = True) -> Cpu:
    return Cpu(id=0, current=Thread(id=1) if busy else None, runtime=runtime * _MS)


def test_a_cpu_asks_for_a_slice_when_it_has_nothing_left() -> None:
    """Not while it has; then for a whole slice, and what it has overrun on top of it."""
    bandwidth, cpu = _bandwidth(pool=50), _cpu(5)

    assert bandwidth.charge(cpu, 4 * _MS)
    assert (cpu.runtime, bandwidth.pool) == (1 * _MS, 50 * _MS)
    assert bandwidth.charge(cpu, 8 * _MS)
    assert (cpu.runtime, bandwidth.pool) == (5 * _MS, 42 * _MS)


def test_where_the_pool_is_empty_there_is_no_more() -> None:
    """It gets what there is; that it does not make up for what was overrun is no."""
    bandwidth, cpu = _bandwidth(pool=2), _cpu(1)

    assert not bandwidth.charge(cpu, 4 * _MS)
    assert (cpu.runtime, bandwidth.pool) == (-1 * _MS, 0)


def test_an_idle_cpu_uses_nothing() -> None:
    """And what it has keeps."""
    bandwidth, cpu = _bandwidth(pool=0), _cpu(1, busy=False)

    assert bandwidth.charge(cpu, 90 * _MS)
    assert (cpu.runtime, cpu.charged_at) == (1 * _MS, 90 * _MS)


def test_a_period_begins_with_the_quota_whatever_was_left() -> None:
    """Nothing is saved up."""
    bandwidth = _bandwidth(pool=30)
    bandwidth.refill()

    assert bandwidth.pool == 50 * _MS


def test_a_throttled_cpu_goes_on_with_a_nanosecond_once_its_debt_is_paid() -> None:
    """Where the pool does not cover the debt, it pays what there is and waits on."""
    bandwidth, first, second = _bandwidth(pool=5), _cpu(-3), _cpu(-4)

    assert bandwidth.release(first)
    assert not bandwidth.release(second)
    assert (first.runtime, second.runtime, bandwidth.pool) == (1, -2 * _MS - 1, 0)


def test_a_cpu_that_becomes_idle_gives_back_all_but_a_millisecond() -> None:
    """What it has less than that it keeps."""
    bandwidth, much, little = _bandwidth(pool=0), _cpu(4, busy=False), _cpu(1, busy=False)
    bandwidth.give_back(much)
    bandwidth.give_back(little)

    assert (much.runtime, little.runtime, bandwidth.pool) == (1 * _MS, 1 * _MS, 3 * _MS)
