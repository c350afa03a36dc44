"""A scenario as a page for a terminal: what blocks and why, what is varied, what is measured, what is claimed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from lab.model.scenario import Claim, Factor, Metric, Rule, Scenario
from lab.model.units import bytes_to_text, duration_to_text

_WIDTH: Final = 100


def page(scenario: Scenario, cells: Sequence[str], quick: Sequence[str]) -> str:
    """Everything that its manifest says, in words."""
    parts = [
        f"{scenario.name}: {scenario.title}",
        _wrapped(scenario.blocks),
        f"What to look for\n{_wrapped(scenario.look_for)}",
        _block("Factors", (line for factor in scenario.factors for line in _factor(factor))),
        _block("Cells", (f"{cell}{'  (quick)' if cell in quick else ''}" for cell in cells)),
        _block("Metrics", (line for metric in scenario.metrics for line in _metric(metric))),
        _block("Claims", (line for claim in scenario.claims for line in _claim(claim))),
        _block("Limits of a replicate", _limits(scenario)),
    ]
    return "\n\n".join(part for part in parts if part)


def rule_in_words(rule: Rule) -> str:
    """What is compared, and from where on it decides."""
    quantity = f"{rule.metric} in {rule.cell}" + (
        f" over {rule.over[1]} in {rule.over[0]}" if rule.over else ""
    )
    bounds = {
        "supported from": rule.supported_from,
        "supported up to": rule.supported_to,
        "refuted up to": rule.refuted_to,
        "refuted from": rule.refuted_from,
    }
    decides = ", ".join(f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None)
    return f"{rule.says}: {quantity}; {decides}"


def _factor(factor: Factor) -> Iterator[str]:
    levels = ", ".join(
        f"{level.text} (default)" if level == factor.default else level.text for level in factor.levels
    )
    yield f"{factor.name}: {levels}{', or any other' if factor.open else ''}"
    yield f"    {factor.title}"


def _metric(metric: Metric) -> Iterator[str]:
    judged = metric.described or metric.not_predicted
    how = f"not compared: {judged}" if judged else f"prediction within ± {metric.margin:.0%}"
    where = "; ".join(f"{name} {', '.join(levels)}" for name, levels in metric.where.items())
    yield f"{metric.name} ({metric.statistic}): {metric.title}"
    yield f"    {how}{f'; in cells with {where}' if where else ''}"


def _claim(claim: Claim) -> Iterator[str]:
    yield f"{claim.id}: {claim.statement}"
    for rule in claim.rules:
        yield f"    {rule_in_words(rule)}"
    if claim.open:
        yield f"    open: {claim.open}"


def _limits(scenario: Scenario) -> Iterator[str]:
    limits = scenario.limits
    yield f"{duration_to_text(limits.time)}, {bytes_to_text(limits.memory_bytes)}, {limits.pids} processes"
    yield f"{scenario.replicates} replicates a cell, {scenario.quick_replicates} if quick"
    yield f"Go releases: {', '.join(scenario.releases)}"
    if scenario.cgo:
        yield "has C in it: is built on golab engine base, or on the image that --base names"


def _block(title: str, lines: Iterator[str]) -> str:
    text = "\n".join(
        textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent="      ") for line in lines
    )
    return f"{title}\n{text}" if text else ""


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH)
