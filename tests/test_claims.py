"""Claims become verdicts by their rules, and by nothing else."""

from typing import Any

import pytest

from lab.claims import judge
from lab.model.outcome import CellSummary, ClaimVerdict, MeasuredMetric
from lab.model.scenario import Claim, Rule
from lab.stats.estimate import centre
from lab.stats.process import Repetitions


def _cell(identity: str, **metrics: tuple[float, ...]) -> CellSummary:
    made = tuple(
        MeasuredMetric(
            name=name,
            unit="ns",
            statistic="p50",
            values=values,
            estimate=centre(Repetitions([(value,) for value in values]).only()),
            not_predicted="-",
        )
        for name, values in metrics.items()
    )
    return CellSummary(id=identity, levels={}, outcomes={"exit": 3}, reasons={}, metrics=made)


_CELLS = (
    _cell("small", wait_ns=(10.0, 11.0, 10.5), size=(0.0, 0.0, 0.0)),
    _cell("large", wait_ns=(600.0, 610.0, 620.0)),
    _cell("tiny", wait_ns=(1.0, 0.0, 3.0)),
    _cell("empty", wait_ns=()),
)


def _rule(**changes: Any) -> Rule:
    return Rule(**{"says": "the wait", "cell": "large", "metric": "wait_ns", **changes})


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([_rule(supported_from=500, refuted_to=100)], ClaimVerdict.SUPPORTED),
        ([_rule(cell="small", supported_from=500, refuted_to=100)], ClaimVerdict.REFUTED),
        ([_rule(supported_from=612, refuted_to=100)], ClaimVerdict.NOT_DECIDED),
        ([_rule(supported_to=700, refuted_from=5000)], ClaimVerdict.SUPPORTED),
        ([_rule(over=("small", "wait_ns"), supported_from=32, refuted_to=2)], ClaimVerdict.SUPPORTED),
        ([_rule(over=("small", "wait_ns"), supported_from=500, refuted_to=100)], ClaimVerdict.REFUTED),
        ([_rule(over=("tiny", "wait_ns"), supported_from=32, refuted_to=2)], ClaimVerdict.NOT_DECIDED),
        ([_rule(over=("empty", "wait_ns"), supported_from=32, refuted_to=2)], ClaimVerdict.NOT_MEASURED),
        ([_rule(cell="small", metric="size", refuted_to=1)], ClaimVerdict.REFUTED),
        ([_rule(supported_from=500), _rule(cell="small", refuted_to=100)], ClaimVerdict.DEPENDS),
        ([_rule(supported_from=500), _rule(supported_from=612)], ClaimVerdict.NOT_DECIDED),
        ([_rule(cell="nowhere", supported_from=1)], ClaimVerdict.NOT_MEASURED),
        ([_rule(supported_from=500), _rule(metric="other", supported_from=1)], ClaimVerdict.NOT_MEASURED),
    ],
)
def test_a_rule_decides_by_where_the_whole_interval_lies(rules: list[Rule], verdict: ClaimVerdict) -> None:
    """Supported, refuted, both (it depends), neither, or nothing measured."""
    (judged,) = judge([Claim(id="9.9", statement="", rules=tuple(rules))], _CELLS)

    assert judged.verdict is verdict


def test_a_claim_with_an_open_half_is_not_measured_yet_and_says_what_is() -> None:
    """Half an answer is not an answer."""
    claim = Claim(
        id="9.9", statement="", rules=(_rule(supported_from=500),), open="the other half needs a tracer"
    )

    (judged,) = judge([claim], _CELLS)

    assert judged.verdict is ClaimVerdict.NOT_MEASURED
    assert judged.why.startswith("what was measured of it holds: the wait: 610 ns [")
    assert judged.why.endswith("; the other half needs a tracer")
