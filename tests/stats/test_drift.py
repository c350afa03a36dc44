"""A drift during a run is told, and a run without one mostly is not accused of it."""

import random

from lab.stats.drift import FALSE_ALARMS, drifts
from lab.stats.process import PerProcess
from tests.stats.samples import log_normal, one_each

_METRICS = 40


def _run(source: random.Random, n: int) -> dict[int, PerProcess]:
    return {metric: log_normal(source, 1e6, 0.1, n) for metric in range(_METRICS)}


def test_a_run_without_a_drift_rarely_warns() -> None:
    """Forty metrics of fifteen processes: one run in twenty at most, by the nominal rate and three standard errors."""
    source, runs = random.Random(1), 400  # noqa: S311 - a sample
    warned = sum(bool(drifts(_run(source, 15))) for _ in range(runs))

    assert warned / runs <= FALSE_ALARMS + 3 * (FALSE_ALARMS * (1 - FALSE_ALARMS) / runs) ** 0.5


def test_a_drift_is_told_with_its_size() -> None:
    """Ten per cent a third, of values that scatter by two; beside thirty-nine metrics that stand still."""
    source = random.Random(1)  # noqa: S311 - a sample
    samples = _run(source, 30)
    samples[7] = one_each([1e6 * 1.1 ** (n // 10) * source.lognormvariate(0, 0.02) for n in range(30)])

    found = drifts(samples)

    assert list(found) == [7]
    assert found[7].low is not None
    assert found[7].high is not None
    assert found[7].low < 1.21 < found[7].high
    assert found[7].low > 1.05


def test_little_or_nothing_is_no_drift() -> None:
    """A change that does not matter, too few processes, values without a ratio, none at all."""
    assert drifts({"little": one_each([100.0 + n / 10 for n in range(30)])}) == {}
    assert drifts({"few": one_each([float(2**n) for n in range(11)])}) == {}
    assert drifts({"zero": one_each([0.0] * 30), "none": one_each([])}) == {}
    assert drifts({}) == {}


def test_what_never_scatters_and_jumps_drifted() -> None:
    """A size that is another from some process on."""
    assert set(drifts({"jump": one_each([64.0] * 10 + [128.0] * 20)})) == {"jump"}
