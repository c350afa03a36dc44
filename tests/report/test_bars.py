"""A dozen characters show where the processes lie, and where they were predicted."""

import pytest

from lab.model.outcome import MeasuredMetric, Prediction
from lab.report.bars import bar


def _metric(*values: float, predicted: tuple[float, float] | None = None) -> MeasuredMetric:
    foreseen = (
        None
        if predicted is None
        else Prediction(
            value=sum(predicted) / 2, low=predicted[0], high=predicted[1], log_se=0.0, calibrations=1, n=9
        )
    )
    return MeasuredMetric(
        name="wait_ns",
        unit="ns",
        statistic="p50",
        values=values,
        estimate=None,
        not_predicted="",
        prediction=foreseen,
    )


@pytest.mark.parametrize(
    ("metric", "strip"),
    [
        (_metric(1, 1, 1, 1, 10), "█        ▂"),
        (_metric(1, 10, predicted=(1, 10)), "█────────█"),
        (_metric(10, 10, predicted=(1, 3)), "─────    █"),
        (_metric(5, 5, predicted=(5, 5)), "     █    "),
        (_metric(1, 2, 4, 8, 16), "█ █  █ █ █"),
        (_metric(7, 7, 7), ""),
        (_metric(0, 0, 3, predicted=(1, 2)), ""),
        (_metric(predicted=(1, 2)), ""),
        (_metric(), ""),
    ],
)
def test_a_distribution_in_ten_characters(metric: MeasuredMetric, strip: str) -> None:
    """Blocks by the share of processes, a line where nine of ten are predicted, on a logarithmic axis."""
    assert bar(metric, 10) == strip
