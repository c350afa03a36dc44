"""Pooling is refused, by mypy (an unused ignore is its error) and when the program runs."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.outcome import Prediction
from lab.stats.compare import compare, compare_runs, predicted
from lab.stats.correlation import correlation
from lab.stats.estimate import centre, centre_ratio, logs_of
from lab.stats.process import PerProcess, Repetitions, quantile, quantile_of_next
from lab.stats.rank import rank_test
from lab.stats.trend import trend, trend_of
from tests.stats.samples import one_each

_POOLED = [1.0, 2.0, 3.0]
_PREDICTION = Prediction(value=1, low=1, high=1, log_se=0, calibrations=8, n=32)
_OURS = one_each(_POOLED)


def test_mypy_refuses_numbers_where_processes_are_wanted() -> None:
    """Each line is a type error, and a TypeError with a sentence."""
    with pytest.raises(TypeError, match="one value a process is wanted"):
        centre(_POOLED)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not made from numbers"):
        PerProcess(_POOLED)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="nobody can tell which process"):
        Repetitions(_POOLED)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="repetitions by process are wanted"):
        correlation(_OURS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "infer",
    [
        centre,
        lambda sample: centre_ratio(sample, _OURS),
        lambda sample: centre_ratio(_OURS, sample),
        lambda sample: compare(sample, _PREDICTION, 0.15),
        lambda sample: compare_runs(sample, _OURS, 0.15),
        lambda sample: compare_runs(_OURS, sample, 0.15),
        logs_of,
        lambda sample: predicted([sample]),
        lambda sample: rank_test(sample, _OURS),
        trend_of,
        correlation,
        trend,
    ],
)
@pytest.mark.parametrize("sample", [_POOLED, tuple(_POOLED), [_POOLED], range(3), None])
def test_no_inference_takes_a_list(infer: Callable[[Any], object], sample: object) -> None:
    """Nor a tuple, nor nested lists: only what came out of a reduction."""
    with pytest.raises(TypeError, match="wanted"):
        infer(sample)


def test_one_value_a_process_comes_from_reducing_each() -> None:
    """By a statistic, a quantile, any function, or because there is only one."""
    repetitions = Repetitions([[3, 1, 2], [10], [4, 5]])

    assert repetitions.reduced("p50").values == (2, 10, 4.5)
    assert repetitions.at(1).values == (3, 10, 5)
    assert repetitions.by(lambda each: sum(each) if len(each) > 1 else None).values == (6, 9)
    assert (repetitions.n, repetitions.count) == (3, 6)
    assert Repetitions([[1], [2]]).only().values == (1, 2)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Repetitions([[1], []]), "process 1 has no values"),
        (lambda: Repetitions([[1, float("nan")]]), "process 0 has the value nan"),
        (lambda: Repetitions([[1], [float("inf")]]), "process 1 has the value inf"),
        (lambda: Repetitions([[10**400]]), "beyond a double's range"),
        (lambda: Repetitions([[1, 2]]).only(), "process 0 gave 2 values"),
        (lambda: Repetitions([[1, 2]]).reduced("mean"), "no statistic is called 'mean'"),
        (lambda: Repetitions([[1, 2]]).at(1.5), "1.5 is no quantile"),
        (lambda: Repetitions([[1, 2]]).by(lambda _: float("nan")), "the value nan"),
    ],
)
def test_what_was_not_measured_is_refused_in_a_sentence(make: Callable[[], object], said: str) -> None:
    """Empty processes, what is not finite, a second value where there is one, an unknown statistic."""
    with pytest.raises(ValueError, match=said):
        make()


def test_text_is_no_process() -> None:
    """A string is a sequence, but not of numbers."""
    with pytest.raises(TypeError, match="process 0 is '12'"):
        Repetitions(["12"])  # type: ignore[list-item]


def test_a_sample_cannot_be_changed_and_travels() -> None:
    """Frozen, equal by value, and itself after pickling."""
    with pytest.raises(AttributeError):
        _OURS.values = (1.0,)  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(_OURS)) == _OURS  # noqa: S301 - our own bytes


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), st.floats(0, 1))
def test_a_quantile_of_the_next_lies_in_the_sample_and_is_further_out(values: list[float], q: float) -> None:
    """Never beyond the sample's ends, and never nearer to its middle than type 7."""
    found, plain = quantile_of_next(values, q), quantile(values, q)

    assert min(values) <= found <= max(values)
    assert found <= plain + 1e-6 if q <= 0.5 else found >= plain - 1e-6


def test_no_values_and_no_confidence_are_refused() -> None:
    """In a sentence, wherever they end up."""
    with pytest.raises(ValueError, match="have no quantile"):
        quantile([], 0.5)
    with pytest.raises(ValueError, match="have no quantile"):
        quantile_of_next([], 0.5)
    for confidence in (0.95 + 1, -1.5, float("nan")):
        with pytest.raises(ValueError, match="is no confidence"):
            centre(_OURS, confidence=confidence)
        with pytest.raises(ValueError, match="is no confidence"):
            correlation(Repetitions([[1, 2], [3, 4]]), confidence=confidence)
