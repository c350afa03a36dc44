"""Whatever was measured, there is a typed answer or a sentence: no traceback, no NaN, no infinity."""

import dataclasses
import enum
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest

from lab.model.outcome import Prediction
from lab.stats.bias import bland_altman, slope
from lab.stats.censored import Durations, logrank, median
from lab.stats.compare import compare, compare_runs, predicted
from lab.stats.correlation import correlation
from lab.stats.effect import Pair, effects, order
from lab.stats.estimate import centre, centre_ratio, logs_of
from lab.stats.forecast import Forecast, coverage, crps, skill, transform
from lab.stats.process import PerProcess, Repetitions
from lab.stats.rank import rank_test
from lab.stats.shape import shape
from lab.stats.stopping import is_precise, stop
from lab.stats.tail import tail
from lab.stats.trend import half_ratio, trend, trend_of
from tests.stats.samples import one_each

_VALUES = (
    (),
    (0.0,),
    (1.0,),
    (-1.0,),
    (5e-324,),
    (0.0, 0.0, 0.0),
    (-1.0, 0.0, 1.0),
    (7.0, 7.0),
    (7.0,) * 40,
    (1.0, 1.0, 2.0),
    (1.0, 1.0 + 2**-52),
    (5e-324, 1e100),
    (1e-300, 1e100, 1.0),
    (1e100,) * 3,
    (-1e100, 1e100),
    (1.0, 2.0) * 20,
    tuple(float(n) for n in range(1, 41)),
)
_SAMPLES = tuple(map(one_each, _VALUES))
_REPETITIONS = (
    *(Repetitions([(value,) for value in values]) for values in _VALUES),
    *(Repetitions([values] * n) for values in _VALUES if values for n in (1, 2, 30)),
    Repetitions([values for values in _VALUES if values]),
    Repetitions([(0.0,) * 8 + (1.0,) * 8] * 30),
    Repetitions([(5e-324,) * 8 + (1e100,) * 8] * 30),
    Repetitions([(value,) * 20 for value in range(1, 41)]),
)
_PREDICTIONS = tuple(
    Prediction(value=value, low=value, high=value, log_se=error, calibrations=calibrations, n=1)
    for value in (1e-300, 1.0, 1e100)
    for error in (0.0, 1e-200, 0.1, 1e3)
    for calibrations in (1, 8)
)


def _numbers(found: object) -> Iterator[float]:
    if isinstance(found, float):
        yield found
    elif dataclasses.is_dataclass(found) and not isinstance(found, type):
        for each in dataclasses.fields(found):
            yield from _numbers(getattr(found, each.name))
    elif isinstance(found, Mapping):
        for value in found.values():
            yield from _numbers(value)
    elif isinstance(found, tuple | list):
        for value in found:
            yield from _numbers(value)
    else:
        assert found is None or isinstance(found, bool | int | str | enum.Enum), type(found)


def _is_sound(answer: Callable[[], object]) -> bool:
    try:
        found = answer()
    except ValueError as error:
        return len(str(error).split()) > 3  # a sentence
    return all(math.isfinite(number) for number in _numbers(found))


@pytest.mark.parametrize("sample", _SAMPLES, ids=lambda sample: f"{sample.values[:3]} {sample.n}")
def test_of_any_sample(sample: PerProcess) -> None:
    """One value a process: alone, and beside a prediction."""
    alone: tuple[Callable[[PerProcess], object], ...] = (
        centre,
        logs_of,
        trend_of,
        lambda x: predicted([x]),
        lambda x: predicted([x, x, x]),
        lambda x: is_precise(x, 0.15),
        lambda x: stop([(x, 0.1)], replicates=1, most_replicates=9, elapsed_ns=0, max_time_ns=1),
        lambda x: crps(x, 3.0),
    )

    assert [each for each in alone if not _is_sound(partial(each, sample))] == []
    for prediction in _PREDICTIONS:
        assert _is_sound(partial(compare, sample, prediction, 0.15))


@pytest.mark.slow
def test_of_any_two_samples() -> None:
    """Ratios, ranks, durations with timeouts, shares of cells' quality."""
    both: tuple[Callable[[PerProcess, PerProcess], object], ...] = (
        centre_ratio,
        rank_test,
        lambda x, y: compare_runs(x, y, 0.15),
        lambda x, y: median(Durations(x, y)),
        lambda x, y: logrank(Durations(x, y), Durations(y, x)),
        lambda x, y: effects([Pair("a", Forecast("1", x, y), Forecast("2", y, x))]),
    )
    for (x, y), each in itertools.product(itertools.product(_SAMPLES, repeat=2), both):
        assert _is_sound(partial(each, x, y)), (x, y, each)


@pytest.mark.slow
def test_of_any_repetitions() -> None:
    """Correlations, trends, tails; shapes of any two."""
    answers: tuple[Callable[[Repetitions], object], ...] = (
        correlation,
        trend,
        partial(Repetitions.by, reduce=half_ratio),
        *(partial(tail, q=q, seed=1, resamples=100) for q in (0.9, 0.95, 0.99)),
    )
    for repetitions, answer in itertools.product(_REPETITIONS, answers):
        assert _is_sound(partial(answer, repetitions)), repetitions
    for one, other in itertools.product(_REPETITIONS, repeat=2):
        assert _is_sound(partial(shape, one, other, seed=1, permutations=99))


def test_of_any_cells() -> None:
    """Five cells of the same kind, as different as they may be, as the same as they may be."""
    positive = [sample for sample in _SAMPLES if sample.n and min(sample.values) > 0]
    families = [
        [Forecast(f"{n}", x, y) for n, (x, y) in enumerate(zip(positive, reversed(positive), strict=True))],
        *([Forecast(f"{n}", x, y) for n in range(5)] for x in positive for y in positive[:3]),
        [],
    ]
    for cells in families:
        baseline = {each.cell: each.measured for each in cells}
        answers: tuple[Callable[[list[Forecast]], object], ...] = (
            partial(coverage, level=0.5),
            partial(coverage, level=0.9),
            partial(transform, seed=1),
            partial(skill, baseline=baseline),
            bland_altman,
            slope,
            order,
        )
        for answer in answers:
            assert _is_sound(partial(answer, cells)), cells
