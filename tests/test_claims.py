"""Claims become verdicts by their rules, and by nothing else."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lab.claims import judge
from lab.model.outcome import (
    CellSummary,
    ClaimVerdict,
    Estimate,
    Inconclusive,
    MeasuredMetric,
    Reason,
    Ruling,
)
from lab.model.rule import (
    Bounds,
    Crossing,
    Difference,
    Largest,
    Operand,
    Order,
    Quantity,
    Ratio,
    Rule,
    ShareEnding,
    ShareWithin,
    Slope,
    Value,
)
from lab.model.run import Ending
from lab.model.scenario import Claim
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


def _rule(cell: str = "large", metric: str = "wait_ns", over: str = "", **bounds: float) -> Rule:
    of = Operand(cell, metric)
    quantity: Quantity = Ratio(of, Operand(over, "wait_ns")) if over else Value(of)
    return Rule(says="the wait", quantity=quantity, bounds=Bounds(**bounds))


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([_rule(supported_from=500, refuted_to=100)], ClaimVerdict.SUPPORTED),
        ([_rule(cell="small", supported_from=500, refuted_to=100)], ClaimVerdict.REFUTED),
        ([_rule(supported_from=612, refuted_to=100)], ClaimVerdict.NOT_DECIDED),
        ([_rule(supported_to=700, refuted_from=5000)], ClaimVerdict.SUPPORTED),
        ([_rule(over="small", supported_from=32, refuted_to=2)], ClaimVerdict.SUPPORTED),
        ([_rule(over="small", supported_from=500, refuted_to=100)], ClaimVerdict.REFUTED),
        ([_rule(cell="small", metric="size", refuted_to=1)], ClaimVerdict.REFUTED),
        ([_rule(supported_from=500), _rule(cell="small", refuted_to=100)], ClaimVerdict.DEPENDS),
        ([_rule(supported_from=500), _rule(supported_from=612)], ClaimVerdict.NOT_DECIDED),
        ([_rule(cell="nowhere", supported_from=1)], ClaimVerdict.NOT_MEASURED),
        ([_rule(supported_from=500), _rule(cell="nowhere", supported_from=1)], ClaimVerdict.NOT_MEASURED),
        ([_rule(supported_from=500), _rule(metric="other", supported_from=1)], ClaimVerdict.NOT_DECIDED),
        (
            [_rule(supported_from=500), _rule(metric="other", supported_from=1), _rule(refuted_to=700)],
            ClaimVerdict.DEPENDS,
        ),
    ],
)
def test_a_rule_decides_by_where_the_whole_interval_lies(rules: list[Rule], verdict: ClaimVerdict) -> None:
    """Supported, refuted, both (it depends), neither, or nothing measured; what no replicate gave decides nothing."""
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
    assert judged.why.endswith("] (supported at 500 ns or more); the other half needs a tracer")


def test_what_it_depends_on_is_said() -> None:
    """What speaks for the claim, and what against it."""
    rules = (_rule(supported_from=500), _rule(cell="small", refuted_to=100))

    (judged,) = judge([Claim(id="9.9", statement="", rules=rules)], _CELLS)

    assert judged.why.startswith("it holds by the wait: 610 ns [")
    assert ", not by the wait: 10.5 ns [" in judged.why


def _ruling(quantity: Quantity, cells: Sequence[CellSummary] = _CELLS, **bounds: float) -> Ruling:
    rule = Rule(says="it", quantity=quantity, bounds=Bounds(**bounds))
    (judged,) = judge([Claim(id="9.9", statement="", rules=(rule,))], cells)
    return judged.rulings[0]


_SMALL, _LARGE = Operand("small", "wait_ns"), Operand("large", "wait_ns")


@pytest.mark.parametrize(
    ("quantity", "bounds", "verdict", "unit"),
    [
        (Difference(_LARGE, _SMALL), {"supported_from": 500}, ClaimVerdict.SUPPORTED, "ns"),
        (Slope(((1, _SMALL), (60, _LARGE)), "log"), {"supported_from": 0.9}, ClaimVerdict.SUPPORTED, "slope"),
        (Slope(((1, _SMALL), (60, _LARGE)), "linear"), {"refuted_to": 5}, ClaimVerdict.NOT_DECIDED, "slope"),
        (Order((_SMALL, _LARGE)), {"supported_from": 1}, ClaimVerdict.SUPPORTED, "ratio"),
        (Order((_LARGE, _SMALL)), {"supported_from": 1, "refuted_to": 1}, ClaimVerdict.REFUTED, "ratio"),
        (Largest("large", ("wait_ns",), ("wait_ns",)), {"refuted_to": 0.6}, ClaimVerdict.REFUTED, "share"),
        (Crossing(((1, _LARGE), (5, _SMALL)), 0.5), {"supported_to": 5}, ClaimVerdict.SUPPORTED, "count"),
        (Crossing(((1, _SMALL), (5, _LARGE)), 0.5, "ns"), {"refuted_from": 5}, ClaimVerdict.REFUTED, "ns"),
        (ShareWithin(_SMALL, at_most=20), {"supported_from": 0.4}, ClaimVerdict.SUPPORTED, "share"),
        (ShareWithin(_SMALL, at_least=20), {"refuted_to": 0.6}, ClaimVerdict.REFUTED, "share"),
        (ShareWithin(Operand("small", "size")), {"refuted_to": 0.6}, ClaimVerdict.REFUTED, "share"),
        (ShareEnding("small", (Ending.EXIT,)), {"supported_from": 0.4}, ClaimVerdict.SUPPORTED, "share"),
        (ShareEnding("small", (Ending.TIMEOUT,)), {"supported_from": 0.4}, ClaimVerdict.NOT_DECIDED, "share"),
    ],
)
def test_every_quantity_is_judged(
    quantity: Quantity, bounds: dict[str, float], verdict: ClaimVerdict, unit: str
) -> None:
    """By where its whole interval lies, in its unit."""
    ruling = _ruling(quantity, _CELLS, **bounds)

    assert (ruling.verdict, ruling.unit) == (verdict, unit)
    assert ruling.estimate is not None


_LOST = (replace(_CELLS[0], outcomes={"exit": 3, "timeout": 7}), replace(_CELLS[1], outcomes={"exit": 3}))
_ALL_LOST = (CellSummary(id="small", levels={}, outcomes={"timeout": 10}, reasons={}, metrics=()),)
_NEVER = (CellSummary(id="small", levels={}, outcomes={"build-failed": 1}, reasons={}, metrics=()),)


@pytest.mark.parametrize(
    ("cells", "quantity", "verdict", "why"),
    [
        (
            _LOST,
            Value(_SMALL),
            ClaimVerdict.NOT_DECIDED,
            "not every replicate of small came to a value (7 timeout), and the others are not the whole",
        ),
        (
            _LOST,
            Ratio(_LARGE, _SMALL),
            ClaimVerdict.NOT_DECIDED,
            "not every replicate of small came to a value (7 timeout), and the others are not the whole",
        ),
        (_LOST, ShareWithin(_SMALL), ClaimVerdict.NOT_DECIDED, "supported only at 90 % or more"),
        (
            _LOST,
            ShareEnding("small", (Ending.TIMEOUT,)),
            ClaimVerdict.NOT_DECIDED,
            "supported only at 90 % or more",
        ),
        (
            _ALL_LOST,
            ShareEnding("small", (Ending.EXIT,)),
            ClaimVerdict.NOT_DECIDED,
            "supported only at 90 % or more",
        ),
        (_ALL_LOST, ShareWithin(_SMALL), ClaimVerdict.NOT_DECIDED, "no replicate of small gave wait_ns"),
        (_NEVER, Value(_SMALL), ClaimVerdict.NOT_MEASURED, "not measured in this run (small)"),
        (
            _NEVER,
            ShareEnding("small", (Ending.EXIT,)),
            ClaimVerdict.NOT_MEASURED,
            "not measured in this run (small)",
        ),
        (
            (_cell("small", wait_ns=(10.0,)),),
            Value(_SMALL),
            ClaimVerdict.NOT_DECIDED,
            "one process says nothing of how far processes are apart",
        ),
        (
            _CELLS,
            Value(Operand("large", "size")),
            ClaimVerdict.NOT_DECIDED,
            "no replicate of large gave size",
        ),
        (
            _CELLS,
            Ratio(_SMALL, Operand("small", "size")),
            ClaimVerdict.NOT_DECIDED,
            "3 of 3 values are not positive: there is no ratio",
        ),
    ],
)
def test_what_cannot_decide_says_why(
    cells: Sequence[CellSummary], quantity: Quantity, verdict: ClaimVerdict, why: str
) -> None:
    """Lost replicates, one process, zeros, nothing at all."""
    ruling = _ruling(quantity, cells, supported_from=0.9)

    assert (ruling.verdict, ruling.why) == (verdict, why)


def test_replicates_that_were_put_aside_are_not_counted_on() -> None:
    """How they ended a summary does not say, so they may have been any."""
    cell = CellSummary(
        id="small", levels={}, outcomes={"exit": 9, "timeout": 3}, reasons={}, metrics=(), excluded={"PSI": 2}
    )

    found = _ruling(ShareEnding("small", (Ending.TIMEOUT,)), [cell], supported_from=0.5).estimate

    assert found is not None
    assert (found.value, found.n) == (0.1, 10)
    assert found.high == pytest.approx(0.6032, abs=1e-3)


def test_a_tail_is_judged_by_its_own_interval() -> None:
    """As the summary tells it; where it cannot, the claim is not decided, and what is missing is said."""
    known = Estimate(value=80.0, low=70.0, high=95.0, confidence=0.95, n=30, method="pooled quantile")
    missing = Inconclusive(reason=Reason.TOO_FEW, why="p99 needs 368 values from 30 processes or more")
    small = _CELLS[0]
    metric = replace(small.metrics[0], tails={"p95": known}, no_tails={"p99": missing})
    cells = (replace(small, metrics=(metric, *small.metrics[1:])),)

    p95 = _ruling(Value(_SMALL, "p95"), cells, supported_to=100, refuted_from=200)
    p99 = _ruling(Value(_SMALL, "p99"), cells, supported_to=100, refuted_from=200)
    p90 = _ruling(Value(_SMALL, "p90"), cells, supported_to=100, refuted_from=200)

    assert (p95.verdict, p95.estimate) == (ClaimVerdict.SUPPORTED, known)
    assert (p99.verdict, p99.why) == (ClaimVerdict.NOT_DECIDED, missing.why)
    assert p90.verdict is ClaimVerdict.NOT_MEASURED
