"""What puts a replicate aside: signals beyond their resolution, by rules that were fixed beforehand."""

from dataclasses import replace

import pytest

from lab.bench.exclude import Surroundings, excluded
from lab.model.run import Ending, Record, Termination, Turn
from lab.model.scenario import Exclusion
from lab.model.units import Nanos

_TWO = Surroundings(cpus=2)


def _record(wall_ns: int = 100_000_000, **grown: int) -> Record:
    return Record(
        turn=Turn(position=0, block=0, cell="a"),
        termination=Termination(ending=Ending.EXIT, exit_code=0),
        started_at_ns=1,
        wall_ns=Nanos(wall_ns),
        signals={
            "before": dict.fromkeys(grown, 1000),
            "after": {name: 1000 + by for name, by in grown.items()},
        },
    )


@pytest.mark.parametrize(
    ("wall_ns", "ticks", "kept"),
    [
        (20_000_000, 1, True),  # within the resolution of the clock: one tick says nothing
        (20_000_000, 2, False),  # 10 ms of 40 for certain
        (1_000_000_000, 6, True),  # 50 of 2000 ms for certain
        (1_000_000_000, 12, False),
    ],
)
def test_stolen_time_counts_beyond_a_tick(wall_ns: int, ticks: int, *, kept: bool) -> None:
    """The kernel counts it in steps of 10 ms over all CPUs."""
    record = excluded(_record(wall_ns, steal_ticks=ticks), Exclusion(steal_share=0.05), _TWO)

    assert record.usable is kept
    assert bool(record.excluded) is not kept


@pytest.mark.parametrize(
    ("signal", "rules", "reason"),
    [
        ("psi_cpu_some_us", Exclusion(psi_cpu_share=0.1), "something waited for a CPU for more than 10%"),
        ("psi_memory_some_us", Exclusion(psi_memory_share=0.1), "something waited for memory"),
        ("psi_io_some_us", Exclusion(psi_io_share=0.1), "something waited for a disk"),
    ],
)
def test_pressure_is_a_share_of_the_replicate(signal: str, rules: Exclusion, reason: str) -> None:
    """In microseconds of 100 ms."""
    little, much = (excluded(_record(**{signal: us}), rules, _TWO) for us in (9_999, 10_001))

    assert little.excluded == ""
    assert much.excluded.startswith(reason)


def test_what_happened_at_all_is_enough() -> None:
    """Pages swapped in or out, periods throttled, a stranger's container."""
    rules = Exclusion(swap=True, throttled=True, foreign_container=True)
    alone = replace(_TWO, strangers=("web",))

    assert excluded(_record(swap_in_pages=1, swap_out_pages=0), rules, _TWO).excluded == "pages were swapped"
    assert excluded(_record(swap_in_pages=0, swap_out_pages=1), rules, _TWO).excluded == "pages were swapped"
    assert "throttled" in excluded(_record(throttled_periods=1), rules, _TWO).excluded
    assert "container" in excluded(_record(), rules, alone).excluded


def test_what_was_asked_for_excludes_nothing() -> None:
    """Throttling under a quota is what is measured."""
    rules = Exclusion(throttled=True)

    assert excluded(_record(throttled_periods=9), rules, replace(_TWO, has_quota=True)).usable


def test_no_rule_excludes_nothing() -> None:
    """A manifest that names no signal keeps every replicate, and so does a signal that could not be read."""
    wild = _record(steal_ticks=99, psi_cpu_some_us=99_000, swap_in_pages=9, throttled_periods=9)
    everything = Exclusion(
        steal_share=0.01, psi_cpu_share=0.01, swap=True, throttled=True, foreign_container=True
    )

    assert excluded(wild, Exclusion(), replace(_TWO, strangers=("web",))).usable
    assert excluded(_record(), everything, _TWO).usable
    assert excluded(replace(_record(), signals={"before": {"steal_ticks": 5}}), everything, _TWO).usable


def test_no_value_is_looked_at() -> None:
    """However far off it may be; what was put aside before stays so, with its reason."""
    absurd = replace(_record(), observations={"wait_ns": (10**18,)})
    before = replace(_record(steal_ticks=99), excluded="the machine was suspended")

    assert excluded(absurd, Exclusion(steal_share=0.01, swap=True), _TWO).usable
    assert excluded(before, Exclusion(steal_share=0.01), _TWO).excluded == "the machine was suspended"
