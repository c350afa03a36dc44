"""Predictions over cells: intervals, places, scores and skill."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.outcome import CellSummary, Inconclusive, MeasuredMetric, Prediction, Reason
from lab.stats.estimate import centre
from lab.stats.forecast import Forecast, coverage, crps, forecasts, skill, transform
from tests.stats.samples import known, log_normal, one_each

_LOGS = st.lists(st.floats(-5, 5), min_size=1, max_size=20)


def _cells(count: int, *, off: float = 1.0, simulated: int = 32, sigma: float = 0.1) -> list[Forecast]:
    """Cells of 100 ns upwards, measured *off* times the prediction."""
    source = random.Random(7)  # noqa: S311 - a sample
    return [
        Forecast(
            f"c{n}",
            log_normal(source, 100 * 2**n, 0.1, simulated),
            log_normal(source, 100 * 2**n * off, sigma, 10),
        )
        for n in range(count)
    ]


def _metric(name: str, values: tuple[float, ...], prediction: Prediction | None) -> MeasuredMetric:
    return MeasuredMetric(
        name=name,
        unit="ns",
        statistic="p50",
        values=values,
        estimate=centre(one_each(values)),
        not_predicted="" if prediction else "no twin",
        prediction=prediction,
    )


def test_forecasts_of_a_run_and_why_some_are_missing() -> None:
    """Predicted metrics by cell and name; those without a value, or of an older golab, with the reason."""
    prediction = Prediction(value=1, low=1, high=2, log_se=0, calibrations=8, n=2, values=(1.0, 2.0))
    old = Prediction(value=1, low=1, high=2, log_se=0, calibrations=8, n=2)
    metrics = (
        _metric("good", (3.0, 4.0), prediction),
        _metric("none", (), prediction),
        _metric("zero", (0.0,), prediction),
        _metric("old", (1.0,), old),
        _metric("unpredicted", (1.0,), None),
    )

    found, left_out = forecasts([CellSummary(id="a", levels={}, outcomes={}, reasons={}, metrics=metrics)])

    assert found == (Forecast("a/good", one_each([1.0, 2.0]), one_each([3.0, 4.0]), of="a"),)
    assert {name: each.reason for name, each in left_out.items()} == {
        "a/none": Reason.NOTHING_MEASURED,
        "a/zero": Reason.NOT_POSITIVE,
        "a/old": Reason.NOTHING_MEASURED,
    }


def test_intervals_of_a_good_prediction_hold_what_they_say() -> None:
    """Half and nine tenths of processes; of one that is 30 % off, few."""
    good, bad = _cells(20), _cells(20, off=1.3)

    for level in (0.5, 0.9):
        found = known(coverage(good, level))
        assert found.value == pytest.approx(level, abs=0.12)
        assert found.n == 20
        missed = known(coverage(bad, level))
        assert missed.high is not None
        assert missed.high < level


def test_ten_processes_of_a_cell_are_one_trial() -> None:
    """The interval is that of as many trials as cells."""
    one, ten = (
        known(
            coverage(
                [Forecast(f"{n}", one_each(range(1, 40)), one_each([20.0] * each)) for n in range(8)], 0.5
            )
        )
        for each in (1, 10)
    )

    assert one == ten
    assert one.low is not None
    assert one.low < 0.7


def test_metrics_of_a_cell_are_one_trial_too() -> None:
    """Four metrics that say the same of each of six cells tell no more than one, and three cells of them tell nothing."""
    alone = [*_cells(5), *_cells(6, off=1.4)[5:]]
    alike = [replace(each, cell=f"{each.cell}/{n}", of=each.cell) for each in alone for n in range(4)]
    folk = {each.cell: one_each([100.0]) for each in (*alone, *alike)}

    for level in (0.5, 0.9):
        assert known(coverage(alike, level)) == known(coverage(alone, level))
    assert len(known(transform(alike, seed=1)).values) == 6
    one, four = known(skill(alone, folk)), known(skill(alike, folk))
    assert (four.value, four.low, four.high, four.n) == pytest.approx((one.value, one.low, one.high, 6))
    few = coverage(alike[:12], 0.5)
    assert isinstance(few, Inconclusive)
    assert few.why == "a statement over cells needs 5 of them; there are 3"


def test_a_place_in_the_prediction_is_uniform_where_it_is_good() -> None:
    """And not where the prediction is off; the same seed draws the same."""
    good, bad = (known(transform(_cells(30, off=off), seed=1)) for off in (1.0, 1.3))

    assert good.p > 0.05
    assert bad.p < 1e-3
    assert all(0 <= each <= 1 for each in good.values.values())
    assert good == known(transform(_cells(30), seed=1))


def test_ties_are_placed_anywhere_between_their_neighbours() -> None:
    """A metric that is always the same, as predicted, is uniform."""
    cells = [Forecast(f"{n}", one_each([5.0] * 20), one_each([5.0])) for n in range(50)]

    assert known(transform(cells, seed=3)).p > 0.05


@given(_LOGS, st.floats(-5, 5))
def test_the_score_is_its_definition(members: list[float], value: float) -> None:
    """Mean distance to the members, less half the mean distance between them."""
    x = np.array(members)
    expected = np.abs(x - value).mean() - np.abs(x[:, None] - x).mean() / 2

    found = crps(one_each(np.exp(x).tolist()), math.exp(value))

    assert found == pytest.approx(max(expected, 0), abs=1e-9)


def test_skill_is_against_a_baseline() -> None:
    """Above none where the baseline is worse, below where it is better; half where it is twice as far off."""
    cells = _cells(12)
    folk = {each.cell: one_each([each.measured.values[0] * 2]) for each in cells}
    oracle = {each.cell: each.measured for each in cells}

    better, worse = known(skill(cells, folk)), known(skill(cells, oracle))

    assert better.low is not None
    assert 0.7 < better.low < better.value < 1
    assert worse.value < 0.05
    exact = [Forecast(f"{n}", one_each([2.0]), one_each([1.0])) for n in range(5)]
    assert known(skill(exact, {f"{n}": one_each([4.0]) for n in range(5)})).value == pytest.approx(0.5)


def test_skill_against_what_is_perfect() -> None:
    """Is not defined where the baseline always is, and finite where it sometimes is."""
    cells = _cells(5, sigma=0)
    perfect = {each.cell: each.measured for each in cells}
    nearly = perfect | {"c0": one_each([1.0])}

    nothing, found = skill(cells, perfect), known(skill(cells, nearly))

    assert isinstance(nothing, Inconclusive)
    assert nothing.reason is Reason.CONSTANT
    assert found.low is not None
    assert -1e10 < found.low < 0


def test_too_few_cells_say_nothing() -> None:
    """Nor do too few simulated processes; nor cells without a baseline."""
    for few, said in (([], "there are 0"), (_cells(4), "there are 4")):
        for found in (coverage(few, 0.9), transform(few, seed=1)):
            assert isinstance(found, Inconclusive)
            assert said in found.why
    alone = skill(_cells(5), {})
    assert isinstance(alone, Inconclusive)
    assert alone.reason is Reason.NOTHING_MEASURED
    narrow = coverage(_cells(5, simulated=18), 0.9)
    assert isinstance(narrow, Inconclusive)
    assert narrow.why == "a 90% interval needs 19 simulated processes; a cell has 18"
    assert not isinstance(coverage(_cells(5, simulated=19), 0.9), Inconclusive)
    assert not isinstance(coverage(_cells(5, simulated=3), 0.5), Inconclusive)


def test_what_cannot_be_asked() -> None:
    """Cells without values, two of one name, no level, no logarithm."""
    with pytest.raises(ValueError, match="a, measured: no process gave a value"):
        Forecast("a", one_each([1.0]), one_each([]))
    with pytest.raises(ValueError, match="a, predicted: 1 of 2 values are not positive"):
        Forecast("a", one_each([1.0, 0.0]), one_each([1.0]))
    with pytest.raises(ValueError, match="the same name"):
        transform(_cells(5) * 2, seed=1)
    for level in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="is no level"):
            coverage(_cells(5), level)
    with pytest.raises(ValueError, match="no logarithm"):
        crps(one_each([1.0]), 0)
    with pytest.raises(ValueError, match="no process gave a value"):
        crps(one_each([]), 1)
    with pytest.raises(TypeError, match="one value a process is wanted"):
        Forecast("a", [1.0], one_each([1.0]))  # type: ignore[arg-type]
