"""A run that ends as soon as all that it judges is precise, and at no other time."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lab.model.metric import Metric
from lab.model.run import Ending, Plan, Record, Termination, Turn
from lab.model.units import Nanos
from lab.stats.watch import Watch
from tests.recorded import Recipe, record

_METRIC = Metric(name="wait_ns", title="", observation="wait_ns", unit="ns")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Three cells, 8 to 30 blocks."""
    whole = record(tmp_path, Recipe(replicates=30, measured=False)).plan()
    return replace(whole, replicates=8)


def _seen(turn: Turn, sigma: float, source: random.Random, excluded: str = "") -> Record:
    values = tuple(round(1e6 * source.lognormvariate(0, sigma)) for _ in range(3))
    return Record(
        turn=turn,
        termination=Termination(ending=Ending.EXIT, exit_code=0),
        started_at_ns=1,
        wall_ns=Nanos(1),
        observations={"wait_ns": values} if sigma else {},
        excluded=excluded,
    )


def _ended(plan: Plan, judged: Sequence[str], sigma: float, excluded: str = "") -> tuple[int, str | None]:
    """After how many replicates a run with this spread ends, and why."""
    watch, source = Watch(plan, {cell: [_METRIC] for cell in judged}), random.Random(1)  # noqa: S311 - a sample
    for turn in plan.turns:
        seen = _seen(turn, sigma, source, excluded)
        watch.count(seen)
        if (why := watch.enough(seen, 0)) is not None:
            return turn.position + 1, why
    return len(plan.turns), None


def test_it_ends_after_the_least_blocks_where_all_is_precise(plan: Plan) -> None:
    """And whole blocks they are, of all cells."""
    assert _ended(plan, ["s1", "s2", "s3"], 0.01) == (24, "precise")


def test_it_goes_on_to_the_most_where_something_is_not(plan: Plan) -> None:
    """One metric of one cell is enough for that."""
    assert _ended(plan, ["s2"], 3.0) == (90, "replicates")


def test_it_may_end_anywhere_in_between(plan: Plan) -> None:
    """After a complete block."""
    ended, why = _ended(plan, ["s1"], 0.2)

    assert why == "precise"
    assert 24 < ended < 90
    assert ended % 3 == 0


@pytest.mark.parametrize(
    ("judged", "sigma", "excluded"), [((), 1.0, ""), (("s1",), 0.0, ""), (("s1",), 0.01, "steal")]
)
def test_what_never_comes_is_not_waited_for(
    plan: Plan, judged: Sequence[str], sigma: float, excluded: str
) -> None:
    """Nothing is judged, no replicate gives it, or all are put aside: more blocks would not bring it."""
    assert _ended(plan, judged, sigma, excluded) == (24, "replicates")


def test_it_ends_when_its_time_is_up(plan: Plan) -> None:
    """At a block's end like at any other."""
    watch, source = Watch(plan, {"s1": [_METRIC]}), random.Random(1)  # noqa: S311 - a sample
    seen = [_seen(turn, 3.0, source) for turn in plan.turns[:24]]
    for each in seen:
        watch.count(each)

    assert watch.enough(seen[-1], plan.max_time_ns) == "max-time"
