"""One metric of one cell on the page: its pictures, and its sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.model.outcome import MeasuredMetric
from lab.model.units import value_to_text
from lab.report import view
from lab.report.badge import Badge, metric_badge
from lab.report.svg import Picture, Words, distribution, drift
from lab.report.words import (
    correlation_words,
    coverage_words,
    distribution_words,
    drift_words,
    halves_words,
    tails_words,
    verdict_sentence,
)

Points = tuple[tuple[int, float], ...]
"""A metric's value of each process, with the process's position in the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture, and what is to be seen in it."""

    picture: Picture
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricView:
    """A metric's numbers in words, its pictures, and what there is to know besides."""

    anchor: str
    name: str
    title: str
    measured: str
    interval: str
    n: str
    predicted: str
    foreseen: str
    ratio: str
    ratio_interval: str
    figures: tuple[Figure, ...]
    sentences: tuple[str, ...]
    cautions: tuple[str, ...]
    badge: Badge


def metric_view(
    metric: MeasuredMetric, *, cell: str, anchor: str, title: str, points: Points, turns: int
) -> MetricView:
    """What the page shows of *metric*."""
    comparison = metric.comparison
    ratio, _, interval = view.ratio_text(comparison).partition(" ") if comparison else ("", "", "")
    return MetricView(
        anchor=anchor,
        name=view.metric_name(metric.name, metric.statistic),
        title=title,
        measured=view.measured_text(metric),
        interval=view.estimate_interval(metric.estimate, metric.unit) if metric.estimate else "",
        n=view.n_text(metric),
        predicted=view.predicted_text(metric) if metric.prediction else "",
        foreseen=view.foreseen_text(metric),
        ratio=ratio,
        ratio_interval=interval.strip("[]"),
        figures=tuple(_figures(metric, cell, points, turns)),
        sentences=tuple(_sentences(metric)),
        cautions=tuple(caution.text for caution in metric.cautions),
        badge=metric_badge(metric),
    )


def _figures(metric: MeasuredMetric, cell: str, points: Points, turns: int) -> Iterator[Figure]:
    """None of what is always the same, unless something else was predicted."""
    varies = len(set(metric.values)) > 1
    foreseen = metric.prediction
    if foreseen or varies:
        words = Words(
            title=f"{metric.name} of {cell}: {'measured and predicted' if foreseen else 'measured'}",
            content=distribution_words(metric.values, metric.estimate, foreseen, metric.unit),
        )
        if foreseen:
            caption = coverage_words(metric.values, foreseen) if metric.values else "predicted alone"
        else:
            caption = "measured alone"
        yield Figure(
            picture=distribution(words, metric.values, metric.estimate, foreseen, metric.unit),
            caption=caption,
        )
    if metric.estimate and varies and len(points) > 1:
        centre = metric.estimate.value
        words = Words(
            title=f"{metric.name} of {cell} in the order of the run",
            content=drift_words(points, centre, turns, metric.unit),
        )
        yield Figure(
            picture=drift(words, points, centre, turns, metric.unit),
            caption=halves_words(points) or "in the order of the run",
        )


def _sentences(metric: MeasuredMetric) -> Iterator[str]:
    if not metric.values:
        yield "no process gave a value"
    elif len(set(metric.values)) == 1 and len(metric.values) > 1:
        yield f"every process gave {value_to_text(metric.values[0], metric.unit)}"
    if metric.comparison:
        yield verdict_sentence(metric.comparison)
    elif metric.no_ratio and metric.values:
        yield metric.no_ratio.why
    if metric.prediction is None:
        yield f"not predicted: {metric.not_predicted}"
    if metric.correlation:
        yield correlation_words(metric.correlation)
    if metric.tails or metric.no_tails:
        yield tails_words(metric)
