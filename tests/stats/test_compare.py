"""Verdicts: their rates under known truths, and their words where there is too little to say."""

import math
import random
import statistics

import pytest

from lab.model.outcome import Inconclusive, Prediction, Reason, Verdict
from lab.stats.compare import compare, predicted
from lab.stats.estimate import centre_ratio
from lab.stats.process import PerProcess
from tests.stats.samples import known, log_normal, one_each


def _prediction(value: float = 100.0, log_se: float = 0.0) -> Prediction:
    return Prediction(value=value, low=value * 0.9, high=value * 1.1, log_se=log_se, calibrations=8, n=32)


def _reason(found: object) -> Reason:
    assert isinstance(found, Inconclusive)
    return found.reason


def _sample(source: random.Random, ratio: float, n: int) -> PerProcess:
    return log_normal(source, 100 * ratio, 0.08, n)


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (1.0, Verdict.AGREES),
        (1.05, Verdict.AGREES),
        (1.4, Verdict.DISAGREES),
        (0.7, Verdict.DISAGREES),
        (1.15, Verdict.INCONCLUSIVE),
    ],
)
def test_clear_cases(ratio: float, verdict: Verdict) -> None:
    """Within the margin, wholly outside, or on its edge."""
    source = random.Random(5)  # noqa: S311 - a sample
    comparison = known(compare(_sample(source, ratio, 40), _prediction(), 0.15))

    assert comparison.verdict is verdict
    assert comparison.ratio == pytest.approx(ratio, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.15, 1 / 1.15])
def test_a_prediction_on_the_margin_passes_in_one_case_of_twenty(ratio: float) -> None:
    """TOST at 5 %: of 2000 runs on the edge, 5 % may agree; the seed is fixed, three standard errors are 1.5 %."""
    source = random.Random(20261123)  # noqa: S311 - a sample
    agreed = 0
    for _ in range(2000):
        comparison = known(compare(_sample(source, ratio, 10), _prediction(), 0.15))
        agreed += comparison.verdict is Verdict.AGREES

    assert 0.035 <= agreed / 2000 <= 0.065


def test_a_vague_calibration_cannot_be_outvoted() -> None:
    """However many replicates: what the calibration does not know, the measurement cannot decide."""
    source = random.Random(5)  # noqa: S311 - a sample
    comparison = known(compare(_sample(source, 1.0, 400), _prediction(log_se=0.2), 0.15))

    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.more is None


def test_it_says_how_many_more_replicates_would_decide() -> None:
    """And that many, at the same spread, do."""
    source = random.Random(6)  # noqa: S311 - a sample
    few = _sample(source, 1.0, 3).values
    comparison = known(compare(one_each([few[0] * 0.9, few[1], few[2] * 1.15]), _prediction(), 0.15))

    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.more is not None
    assert 2 <= comparison.more <= 60


def test_degenerate_samples() -> None:
    """None, one, all alike, zero: an answer or none, never an exception."""
    constant = known(compare(one_each([100.0] * 5), _prediction(), 0.15))
    alone = known(compare(one_each([100.0]), _prediction(), 0.15))

    assert _reason(compare(one_each([]), _prediction(), 0.15)) is Reason.NOTHING_MEASURED
    assert _reason(compare(one_each([0.0, 1.0]), _prediction(), 0.15)) is Reason.NOT_POSITIVE
    assert (
        _reason(compare(one_each([1.0, 9.0]), _prediction(), 0.15, resolution=1)) is Reason.BELOW_RESOLUTION
    )
    assert constant.verdict is Verdict.AGREES
    assert constant.low == pytest.approx(1)
    assert constant.high == pytest.approx(1)
    assert (alone.verdict, alone.low) == (Verdict.INCONCLUSIVE, None)


def test_more_simulation_does_not_make_a_prediction_surer() -> None:
    """The centre's uncertainty is the spread between calibrations, whatever the number of processes in each.

    Of two calibrations the mean is off by half that spread's square, too.
    """
    few = predicted([one_each([90.0, 90.0]), one_each([110.0, 110.0])])
    many = predicted([one_each([90.0] * 100), one_each([110.0] * 100)])

    assert few is not None
    assert many is not None
    assert few.log_se == pytest.approx(many.log_se)
    assert few.log_se == pytest.approx(math.log(110 / 90) / math.sqrt(2) * math.sqrt(1 + 1 / 2))
    assert predicted([]) is None
    assert predicted([one_each([1.0, 0.0])]) is None


def test_the_noise_within_a_calibration_is_not_taken_for_its_uncertainty() -> None:
    """Where calibrations agree, what is left is far less than one calibration's own noise, 0.08 / sqrt(50)."""
    source = random.Random(8)  # noqa: S311 - a sample
    found = [predicted([_sample(source, 1.0, 50) for _ in range(40)]) for _ in range(20)]

    mean_square = statistics.fmean(each.log_se**2 for each in found if each)
    assert mean_square < 0.08**2 / 50 / 4


def test_a_ratio_of_two_samples_has_welchs_interval() -> None:
    """Symmetric as a ratio, and none where there is too little."""
    ratio = known(centre_ratio(one_each([2.0, 2.2, 1.8]), one_each([1.0, 1.1, 0.9])))

    assert ratio.value == pytest.approx(2.0, rel=0.01)
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low * ratio.high == pytest.approx(ratio.value**2)
    assert _reason(centre_ratio(one_each([1.0]), one_each([1.0, 2.0]))) is Reason.TOO_FEW
    assert _reason(centre_ratio(one_each([1.0, 0.0]), one_each([1.0, 2.0]))) is Reason.NOT_POSITIVE
