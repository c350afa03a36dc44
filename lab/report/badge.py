"""Verdicts as they are told apart on the page: a word, a sign and a colour, and what each means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lab.model.outcome import MeasuredMetric, Outcome, Reason, Verdict
from lab.report import view

_NOT_PREDICTED: Final = "not predicted"
_NO_RATIO: Final = "no ratio"
MEANINGS: Final = {
    Verdict.AGREES.value: "the whole 90 % interval of measured over predicted lies within the margin; of endings, the 95 % intervals of all differences of shares do",
    Verdict.DISAGREES.value: "that whole interval lies outside the margin; of endings, the 95 % interval of one difference of shares does",
    Verdict.INCONCLUSIVE.value: "it lies across a margin's end, or one replicate gives no interval: more replicates may decide",
    _NO_RATIO: "there is a prediction, and nothing measured that it could be divided into",
    _NOT_PREDICTED: "the metric describes the run; the reason stands with it",
}
_SIGNS: Final = {
    Verdict.AGREES.value: "✓",
    Verdict.DISAGREES.value: "✗",
    Verdict.INCONCLUSIVE.value: "?",
    _NO_RATIO: "∅",
    _NOT_PREDICTED: "·",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A verdict: its word, a sign that is not a colour, and the class that gives it one."""

    kind: str
    sign: str
    word: str


def badge_of(kind: str, word: str) -> Badge:
    """The badge of a *kind* of verdict, under any *word*."""
    return Badge(kind=kind.replace(" ", "-"), sign=_SIGNS.get(kind, "·"), word=word)


def metric_badge(metric: MeasuredMetric) -> Badge:
    """What a metric's prediction came to."""
    if metric.prediction is None:
        return badge_of(_NOT_PREDICTED, _NOT_PREDICTED)
    if metric.comparison is None:
        return badge_of(_NO_RATIO, view.verdict_text(metric))
    return badge_of(metric.comparison.verdict.value, metric.comparison.verdict.value)


def outcome_badge(outcome: Outcome) -> Badge:
    """What the prediction of a cell's endings came to."""
    if not outcome.predicted:
        return badge_of(_NOT_PREDICTED, _NOT_PREDICTED)
    word = outcome.verdict.value if outcome.verdict else _NO_RATIO
    return badge_of(word, word if outcome.verdict else Reason.NOTHING_MEASURED.value)
