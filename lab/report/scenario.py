"""A scenario as a page for a terminal: what blocks and why, what is varied, what is measured, what is claimed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from lab.model.matrix import default_cells
from lab.model.metric import Metric
from lab.model.rule import (
    Crossing,
    Difference,
    Largest,
    Operand,
    Order,
    Quantity,
    Ratio,
    Rule,
    ShareEnding,
    ShareWithin,
    Slope,
    Value,
    unit_of,
)
from lab.model.scenario import ENDLESS, Claim, Factor, Provision, Scenario
from lab.model.units import bytes_to_text, duration_to_text
from lab.report.claims import range_in_words
from lab.report.text import counted

_WIDTH: Final = 100
_PROVISIONS: Final[Mapping[Provision, str]] = {
    "go": "the Go release",
    "base": "the Debian of golab engine base (on the host engine: what the machine has)",
}


def page(scenario: Scenario, not_predicted: str = "") -> str:
    """Everything that its manifest says, in words; *not_predicted* is why it has no twin."""
    parts = [
        f"{scenario.name}: {scenario.title}",
        _wrapped(scenario.blocks),
        f"What to look for\n{_wrapped(scenario.look_for)}",
        _block("Factors", (line for factor in scenario.factors for line in _factor(factor))),
        _block("Cells", _cells(scenario)),
        _block("Metrics", _metrics(scenario.metrics, not_predicted)),
        _block("Claims", (line for claim in scenario.claims for line in _claim(claim, scenario))),
        _block("Limits of a replicate", _limits(scenario)),
    ]
    return "\n\n".join(part for part in parts if part)


def _cells(scenario: Scenario) -> Iterator[str]:
    always, quick = ({cell.id for cell in default_cells(scenario, quick=only)} for only in (False, True))
    for cell in default_cells(scenario, tuned=True):
        tags = (["quick"] if cell.id in quick else []) + ([] if cell.id in always else ["with --tune-host"])
        yield f"{cell.id}  ({', '.join(tags)})" if tags else cell.id


def rule_in_words(rule: Rule, scenario: Scenario) -> str:
    """What is compared, and from where on it decides, in the units of the scenario's metrics."""
    units = {metric.name: metric.unit for metric in scenario.metrics}
    unit = unit_of(rule.quantity, lambda operand: units[operand.metric])
    regions = (("supported", rule.bounds.supported), ("refuted", rule.bounds.refuted))
    decides = ", ".join(
        f"{word} at {' or '.join(range_in_words(*each, unit) for each in ranges)}"
        for word, ranges in regions
        if ranges
    )
    about = f" (the article: {rule.figure.text})" if rule.figure else ""
    return f"{rule.says}: {_quantity_in_words(rule.quantity)}; {decides}{about}"


def _quantity_in_words(quantity: Quantity) -> str:  # noqa: PLR0911 - one return a quantity, of a closed set
    match quantity:
        case Value(metric, tail):
            return f"{tail} of all repetitions of {_named(metric)}" if tail else _named(metric)
        case Ratio(metric, over):
            return f"{_named(metric)} over {_named(over)}"
        case Difference(metric, less):
            return f"{_named(metric)} less {_named(less)}"
        case Slope(points, scale):
            growth = "exponent" if scale == "log" else "growth"
            return f"{growth} of {_points_in_words(points)}"
        case ShareEnding(cell, endings):
            return f"share of replicates of {cell} that end in {' or '.join(each.value for each in endings)}"
        case ShareWithin(metric, at_least, at_most):
            limits = [f"at least {at_least:g}"] if at_least is not None else []
            limits += [f"at most {at_most:g}"] if at_most is not None else []
            return f"share of replicates whose {_named(metric)} is {' and '.join(limits) or 'not 0'}"
        case Largest(cell, parts, rest, less_cell):
            without = f", each less that in {less_cell}," if less_cell else ""
            return f"{' + '.join(parts)} in {cell}{without} as a share of these and {' + '.join(rest)}"
        case Order(several):
            return f"smallest step of {', '.join(map(_named, several))}"
        case Crossing(points, below):
            return f"where {_points_in_words(points)} falls below {below:g} of the first"


def _points_in_words(points: Sequence[tuple[float, Operand]]) -> str:
    return ", ".join(f"{_named(operand)} at {at:g}" for at, operand in points)


def _named(operand: Operand) -> str:
    return f"{operand.metric} in {operand.cell}"


def _factor(factor: Factor) -> Iterator[str]:
    levels = ", ".join(
        f"{level.text} (default)" if level == factor.default else level.text for level in factor.levels
    )
    others = f", or any other{f' {factor.ends}' if factor.largest < ENDLESS else ''}" if factor.open else ""
    yield f"{factor.name}: {levels}{others}"
    yield f"    {factor.title}"


def _metrics(metrics: Sequence[Metric], not_predicted: str) -> Iterator[str]:
    """Each metric; a reason that several share for not being compared stands once, below them all."""
    reasons = [metric.described or metric.not_predicted or not_predicted for metric in metrics]
    shared = [reason for reason in dict.fromkeys(reasons) if reason and reasons.count(reason) > 1]
    for metric, reason in zip(metrics, reasons, strict=True):
        why = f" [{shared.index(reason) + 1}]" if reason in shared else f": {reason}"
        yield from _metric(metric, f"not compared{why}" if reason else "")
    for number, reason in enumerate(shared, start=1):
        yield f"[{number}] {reason}"


def _metric(metric: Metric, uncompared: str) -> Iterator[str]:
    how = uncompared or f"prediction within ± {metric.margin:.0%}"
    yield f"{metric.name} ({metric.statistic}): {metric.title}"
    warm_up = f"; the first {counted(metric.discard, 'repetition')} are warm-up" if metric.discard else ""
    yield f"    {how}{warm_up}{_in_cells('; ', metric.where)}"


def _in_cells(before: str, where: Mapping[str, Sequence[str]]) -> str:
    levels = "; ".join(f"{name} {', '.join(texts)}" for name, texts in where.items())
    return f"{before}in cells with {levels}" if levels else ""


def _claim(claim: Claim, scenario: Scenario) -> Iterator[str]:
    yield f"{claim.id}: {claim.statement}"
    for rule in claim.rules:
        yield f"    {rule_in_words(rule, scenario)}"
    if claim.open:
        yield f"    open: {claim.open}"


def _limits(scenario: Scenario) -> Iterator[str]:
    limits = scenario.limits
    yield f"{duration_to_text(limits.time)}, {bytes_to_text(limits.memory_bytes)}, {limits.pids} processes"
    most = (
        f", up to {scenario.most_replicates} until they are precise"
        if scenario.most_replicates > scenario.replicates
        else ""
    )
    yield f"{scenario.replicates} replicates a cell{most}; {scenario.quick_replicates} if quick"
    if signals := [name for name, value in asdict(scenario.exclusion).items() if value]:
        yield f"replicates are put aside by: {', '.join(signals)}"

    yield f"Go releases: {', '.join(scenario.releases)}"
    if any(scenario.building(cell.levels).needs_compiler for cell in default_cells(scenario, tuned=True)):
        yield "has C in it: is built on golab engine base, or on the image that --base names"
    for need in scenario.image_needs:
        held = " and ".join(_PROVISIONS[each] for each in need.holds)
        yield f"its container holds {held}{_in_cells(', ', need.where)}"


def _block(title: str, lines: Iterator[str]) -> str:
    text = "\n".join(
        textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent="      ") for line in lines
    )
    return f"{title}\n{text}" if text else ""


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH)
