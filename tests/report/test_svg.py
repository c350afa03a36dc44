"""Pictures show what they are given, and say no more than they are told."""

import re

from lab.model.outcome import Comparison, Prediction, Verdict
from lab.report.svg import (
    MOST_DOTS,
    ForestLine,
    Words,
    distribution,
    drift,
    forest,
    ratio_axis,
    small_ratio,
    thinned,
)
from lab.stats.estimate import centre
from lab.stats.process import Repetitions

_WORDS = Words("a <title> & \x1b", "it's 1 of 2")
_PREDICTION = Prediction(
    value=2e6, low=1e6, high=4e6, log_se=0.1, calibrations=8, n=3, values=(1.5e6, 2e6, 2.5e6)
)


def _comparison(low: float, ratio: float, high: float, verdict: Verdict) -> Comparison:
    return Comparison(ratio=ratio, low=low, high=high, margin=0.15, verdict=verdict)


def _dots(kind: str, markup: str) -> list[tuple[int, int]]:
    found = re.search(rf'<path class="{kind}" d="([^"]*)"/>', markup)
    return [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h0", found[1])] if found else []


def test_a_distribution_has_a_dot_for_each_process() -> None:
    """Measured ones above, simulated ones below; what would cover another is moved aside."""
    values = (1e6, 2e6, 2e6, 3e6)
    estimate = centre(Repetitions([(value,) for value in values]).only())
    markup = distribution(_WORDS, values, estimate, _PREDICTION, "ns").markup

    measured, simulated = _dots("m", markup), _dots("s", markup)
    assert (len(measured), len(simulated)) == (4, 3)
    assert len(set(measured)) == 4
    assert max(y for _, y in measured) < min(y for _, y in simulated)
    assert "<title>a &lt;title&gt; &amp; \\x1b</title><desc>it&#x27;s 1 of 2</desc>" in markup


def test_a_prediction_alone_is_drawn_and_says_so() -> None:
    """Nothing was measured of it."""
    assert ">nothing measured<" in distribution(_WORDS, (), None, _PREDICTION, "ns").markup


def test_drift_is_seen_as_a_slope() -> None:
    """Later is further to the right, more is further up; what is not positive is shown as it is."""
    slope = _dots("m", drift(_WORDS, [(0, 0.9), (10, 1.0), (19, 1.1)], 1.0, 20, "ns").markup)
    plain = drift(_WORDS, [(0, 0.0), (10, 5.0)], 2.5, 20, "count").markup

    assert [x for x, _ in slope] == [46, 229, 394]
    assert [y for _, y in slope] == sorted((y for _, y in slope), reverse=True)
    assert ">over the centre<" not in plain
    assert len(_dots("m", plain)) == 2


def test_a_large_sample_is_thinned() -> None:
    """Evenly, and never below half of what there is room for."""
    assert len(thinned(range(MOST_DOTS))) == MOST_DOTS
    assert len(thinned(range(MOST_DOTS + 1))) == MOST_DOTS // 2 + 1
    assert list(thinned([])) == []


def test_a_ratio_lies_in_its_band_or_beyond_the_axis() -> None:
    """An interval that is wholly beyond is an arrow at the end, without a dot."""
    within = _comparison(0.95, 1.0, 1.05, Verdict.AGREES)
    beyond = _comparison(80, 90, 100, Verdict.DISAGREES)
    axis = ratio_axis([within, beyond])

    assert axis.high == 1.6
    assert len(_dots("m", small_ratio(_WORDS, within, axis).markup)) == 1
    assert (
        'class="vd"><path class="w" d="M94 10H106M102 6L106 10L102 14"/></g>'
        in small_ratio(_WORDS, beyond, axis).markup
    )


def test_a_forest_has_a_line_for_each_ratio() -> None:
    """With its name and its margin's band; one that has no interval is a dot."""
    alone = Comparison(ratio=1.1, low=None, high=None, margin=0.25, verdict=Verdict.INCONCLUSIVE)
    lines = [ForestLine("<a>", _comparison(0.9, 1.0, 1.1, Verdict.AGREES)), ForestLine("b", alone)]
    markup = forest(_WORDS, lines).markup

    assert markup.count('class="n"') == 2
    assert ">&lt;a&gt;<" in markup
    assert 'class="vi"><path class="w" d=""/>' in markup
