"""Errors over cells: what is judged, by what, and what is told where nothing can be."""

import random
import statistics
from dataclasses import replace

import pytest

from lab.model.accuracy import Accuracy, Errors
from lab.model.outcome import CellSummary, Estimate, Inconclusive, MeasuredMetric, Prediction
from lab.validate.accuracy import NOT_EXPLAINED, WhyItFails, accuracy

_KEPT = {"pool": "development", "sieve": "held-out"}


def _metric(measured: list[float], predicted: list[float], name: str = "wall_ns") -> MeasuredMetric:
    ordered = sorted(predicted)
    return MeasuredMetric(
        name=name,
        unit="ns",
        statistic="p50",
        values=tuple(measured),
        estimate=None,
        not_predicted="",
        prediction=Prediction(
            value=sum(predicted) / len(predicted),
            low=ordered[1],
            high=ordered[-2],
            log_se=0.01,
            calibrations=8,
            n=len(predicted),
            values=tuple(predicted),
            folk=(500.0, 510.0),
        ),
    )


def _cell(name: str, *metrics: MeasuredMetric, program: str = "pool") -> CellSummary:
    return CellSummary(
        id=name, levels={"program": program}, outcomes={"exit": 20}, reasons={}, metrics=metrics
    )


def _around(centre: float, n: int, spread: float = 0.005, seed: int = 1) -> list[float]:
    source = random.Random(seed)  # noqa: S311 - a sample, not a secret
    return [centre * (1 + spread * source.uniform(-1, 1)) for _ in range(n)]


def _judged(*cells: CellSummary, reasons: tuple[WhyItFails, ...] = ()) -> Accuracy:
    return accuracy(cells, _KEPT, reasons, seed=1)


def test_an_error_is_predicted_over_measured_less_one() -> None:
    """A prediction 10 % too high; the measurement differs from itself by less than that."""
    (row,) = _judged(_cell("pool-p1", _metric(_around(1000, 20), _around(1100, 32)))).rows

    assert row.error == pytest.approx(0.10, abs=0.01)
    assert row.aa < 0.01
    assert row.quiet
    assert not row.fails
    assert row.kept == "development"
    assert row.held == 0


def test_a_quiet_row_fails_beyond_the_target_and_says_why_if_somebody_wrote_it() -> None:
    """Only the reason whose patterns name the row, and only where it fails."""
    reasons = (
        WhyItFails(cells="sieve-*", metrics="*", why="another"),
        WhyItFails(cells="pool-*", metrics="wall_ns", why="no such queue in the model"),
    )
    far, near = (
        _cell(f"pool-p{n}", _metric(_around(1000, 20), _around(centre, 32)))
        for n, centre in ((1, 1200), (2, 1010))
    )

    found = _judged(far, near, reasons=reasons)

    assert [row.cell for row in found.failures] == ["pool-p1"]
    assert [row.why for row in found.rows] == ["no such queue in the model", ""]
    assert _judged(far).failures[0].why == NOT_EXPLAINED


def test_a_noisy_row_is_judged_by_its_interval() -> None:
    """What differs from itself by 20 % cannot be predicted better than that."""
    measured = [1000.0, 1200.0] * 10
    (covered,) = _judged(_cell("pool-p1", _metric(measured, _around(1100, 32, 0.3)))).rows
    (missed,) = _judged(_cell("pool-p1", _metric(measured, _around(1500, 32, 0.01)))).rows

    assert not covered.quiet
    assert (covered.fails, missed.fails) == (False, True)


def test_a_right_model_holds_the_mean_of_a_noisy_row_nearly_always() -> None:
    """Prediction and measurement of one distribution: of single processes the interval holds about nine of ten, of means nearly all."""
    cells = [
        _cell(f"pool-p{n}", _metric(_around(1000, 20, 0.5, seed=n), _around(1000, 32, 0.5, seed=1000 + n)))
        for n in range(200)
    ]

    noisy = [row for row in _judged(*cells).rows if not row.quiet]

    assert len(noisy) > 100
    assert statistics.fmean(row.covers for row in noisy) > 0.99
    assert 0.85 < statistics.fmean(row.held for row in noisy) < 0.95


def test_two_modes_are_judged_as_a_mixture() -> None:
    """Both times the centre is the same; only in one the shares of the modes are."""
    measured = [
        value for pair in zip(_around(100, 10), _around(200, 10, seed=2), strict=True) for value in pair
    ]
    alike = _around(100, 16, seed=3) + _around(200, 16, seed=4)
    middle = _around(141, 32, seed=5)

    (good,), (bad,) = (_judged(_cell("pool-p1", _metric(measured, each))).rows for each in (alike, middle))

    assert good.bimodal
    assert bad.bimodal
    assert good.error < 0.02
    assert bad.error > 0.3


def test_a_prediction_of_two_modes_makes_no_row_noisy() -> None:
    """Halves whose centres agree, though their values do not one by one: A/A is the same whatever was predicted, and the row is judged."""
    measured = [990.0, 900.0, 1010.0, 1111.0] * 5
    two = _around(500, 16, seed=3) + _around(2000, 16, seed=4)

    (one_mode,), (two_modes,) = (
        _judged(_cell("pool-p1", _metric(measured, each))).rows for each in (_around(1000, 32), two)
    )

    assert (one_mode.bimodal, two_modes.bimodal) == (False, True)
    assert two_modes.aa == one_mode.aa
    assert two_modes.quiet
    assert two_modes.fails


def test_sums_are_over_quiet_rows_of_each_set_and_of_both() -> None:
    """Ten rows of one set, five of another; errors of 1 to 10 %."""
    cells = [
        _cell(f"{program}-p{n}", _metric(_around(1000, 20), _around(1000 + 10 * n, 32)), program=program)
        for program, count in (("pool", 10), ("sieve", 5))
        for n in range(1, count + 1)
    ]

    found = _judged(*cells)

    assert [each.kept for each in found.sums] == ["development", "held-out", "both"]
    assert [each.rows for each in found.sums] == [10, 5, 15]
    development = found.sums[0]
    assert isinstance(development.median, Estimate)
    assert isinstance(development.p90, Estimate)
    assert development.median.value == pytest.approx(0.055, abs=0.005)
    assert development.p90.value == pytest.approx(0.09, abs=0.006)
    assert isinstance(development.folk, Estimate)
    assert development.folk.value > 0.8
    assert isinstance(development.noisy_covered, Inconclusive)


def test_metrics_of_one_cell_are_no_trials_of_their_own() -> None:
    """The same errors eight times in each cell: the same median, and an interval as wide as of one metric a cell."""

    def sums(metrics: int) -> Errors:
        cells = [
            _cell(
                f"pool-p{n}",
                *(
                    _metric(_around(1000, 20), _around(1000 + 10 * n, 32), f"metric_{number}")
                    for number in range(metrics)
                ),
            )
            for n in range(1, 11)
        ]
        (found,) = _judged(*cells).sums
        return found

    one, eight = sums(1), sums(8)

    assert eight.rows == 8 * one.rows
    for alone, together in ((one.median, eight.median), (one.p90, eight.p90)):
        assert _width(together) > 0.8 * _width(alone) > 0


def _width(found: Estimate | Inconclusive) -> float:
    assert isinstance(found, Estimate)
    assert found.n == 10
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_many_rows_of_few_cells_say_nothing_over_all() -> None:
    """Four cells with eight metrics each are four trials; so are their noisy rows, of which each cell's share counts once."""
    quiet, noisy = _around(1000, 20), [1000.0, 1200.0] * 10
    cells = [
        _cell(
            f"pool-p{n}",
            *(_metric(quiet, _around(1010, 32), f"quiet_{number}") for number in range(8)),
            *(
                _metric(noisy, _around(1100 if n < 4 else 1500, 32, 0.01), f"noisy_{number}")
                for number in range(n)
            ),
        )
        for n in range(1, 5)
    ]

    (sums,) = _judged(*cells).sums

    assert isinstance(sums.median, Inconclusive)
    assert sums.median.why == "a statement over cells needs 5 of them with a quiet row; there are 4"
    assert isinstance(sums.noisy_covered, Estimate)
    assert (sums.noisy_covered.value, sums.noisy_covered.n) == (0.75, 4)


def test_few_rows_say_nothing_over_all() -> None:
    """Not even their median."""
    (sums,) = _judged(_cell("pool-p1", _metric(_around(1000, 20), _around(1000, 32)))).sums

    assert isinstance(sums.median, Inconclusive)
    assert isinstance(sums.held, Inconclusive)


def test_what_could_not_be_measured_or_predicted_is_told() -> None:
    """Refused cells by their reason, metrics by theirs, endings and exclusions by how many."""
    whole = _cell("pool-p1", _metric(_around(1000, 20), _around(1000, 32)))
    refused = replace(
        _cell("pool-p1-quota_1"), outcomes={"refused": 1}, reasons={"refused": "no right to set a quota"}
    )
    unforeseen = replace(
        _metric(_around(1000, 20), [1.0, 2.0, 3.0]), prediction=None, not_predicted="no twin"
    )
    died = replace(
        _cell("sieve-p1", unforeseen, program="sieve"),
        outcomes={"exit": 19, "signal": 1},
        excluded={"steal": 2},
    )

    found = _judged(whole, refused, died)

    assert found.left_out == {"no right to set a quota": ("pool-p1-quota_1",)}
    assert found.not_predicted == {"no twin": ("sieve-p1/wall_ns",)}
    assert found.unexpected == {"signal": 1}
    assert found.excluded == {"steal": 2}
    assert found.replicates == 41
    assert found.not_judged == {}
    assert [row.cell for row in found.rows] == ["pool-p1"]


def test_a_metric_that_gives_no_ratio_is_told_with_its_reason() -> None:
    """Too few values, or one of either side that is not positive: no row, no exception, and no silence."""
    good = _around(1000, 20)
    metrics = {
        "few": _metric(good[:3], good, "few"),
        "zero": _metric([0.0, *good], good, "zero"),
        "foretold_zero": _metric(good, [0.0, *good], "foretold_zero"),
        "foretold_negative": _metric(good, [-1.0, *good], "foretold_negative"),
        "foretold_nothing": _metric(good, good, "foretold_nothing"),
    }
    nothing = metrics["foretold_nothing"].prediction
    assert nothing is not None
    metrics["foretold_nothing"] = replace(metrics["foretold_nothing"], prediction=replace(nothing, values=()))

    found = _judged(_cell("pool-p1", _metric(good, good), *metrics.values()))

    assert [row.metric for row in found.rows] == ["wall_ns"]
    assert {name: reason for reason, names in found.not_judged.items() for name in names} == {
        "pool-p1/few": "fewer than 4 processes gave a value, so there is no A/A",
        "pool-p1/zero": "a measured value is not positive, so there is no ratio",
        "pool-p1/foretold_zero": "a predicted value is not positive, so there is no ratio",
        "pool-p1/foretold_negative": "a predicted value is not positive, so there is no ratio",
        "pool-p1/foretold_nothing": "no simulated process gave a value",
    }


def test_a_cell_that_never_ran_is_told_once() -> None:
    """Its metrics have predictions and no values; the cell is left out, and that is all there is to say."""
    refused = replace(
        _cell("pool-p1-quota_1", _metric([], _around(1000, 32))),
        outcomes={"refused": 1},
        reasons={"refused": "no right to set a quota"},
    )

    found = _judged(refused)

    assert found.left_out == {"no right to set a quota": ("pool-p1-quota_1",)}
    assert found.not_judged == {}
