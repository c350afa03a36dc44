"""How good a run's predictions are, in sentences: what a reader asks before believing any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lab.model.outcome import Estimate, Inconclusive
from lab.model.quality import Effect, Quality, Sign

_TOLD: Final = 0.05
"""Below which p-value something is told to be so."""
_WIDEST: Final = 3
"""How many names a sentence bears."""
FOLK = "the folk model (durations add up; a P and a CPU for everybody)"


def quality_lines(found: Quality) -> Iterator[str]:
    """One sentence for each thing that can be told, and the reason for each that cannot."""
    yield f"over {_many(found.metrics, 'predicted metric')} of {_many(found.cells, 'cell')} that were measured, each cell being one trial:"
    yield from dict.fromkeys(_held(level, held) for level, held in found.held.items())
    if not isinstance(found.transform, Inconclusive):
        yield (
            f"where in its prediction a process of each cell lies {_uniform(found.transform.p)}"
            f" (p = {found.transform.p:.2g} by Cramér and von Mises)"
        )
    if isinstance(found.bias, Inconclusive):
        yield f"of the bias: {found.bias.why}"
    else:
        bias = found.bias
        yield (
            f"measured is {_ratio(bias.ratio)} of predicted on average;"
            f" 95 % of metrics lie between {bias.lower.value:.2f} and {bias.upper.value:.2f}"
        )
    if isinstance(found.slope, Estimate):
        yield f"a tenfold duration changes that by {_ratio(found.slope, power=10)}"
    yield f"skill against {FOLK}: {skill_text(found.folk)}"
    signs = found.effects.signs
    if isinstance(signs, Estimate):
        agreeing = sum(effect.sign is Sign.AGREES for effect in found.effects.each)
        decided = agreeing + sum(effect.sign is Sign.DISAGREES for effect in found.effects.each)
        yield (
            f"effects of factors: {agreeing} of the {decided} that were measured with a sign are predicted with it"
            f" (of {len(found.effects.each)} in {_many(signs.n, 'pair')} of cells)"
        )
        yield from map(_wrong_sign, (each for each in found.effects.each if each.sign is Sign.DISAGREES))
    if found.orders:
        told = ", ".join(
            f"{order.tau:.2f} for {metric} ({order.cells})" for metric, order in found.orders.items()
        )
        yield f"the cells' order, Kendall's tau: {told}"
    if found.shapes:
        yield _shapes(found)


def skill_text(found: Estimate | Inconclusive) -> str:
    """A skill with its interval and what it means, or why there is none."""
    if isinstance(found, Inconclusive):
        return found.why
    return f"{found.value:.2f}{_interval(found, '.2f')} (above 0 it is better, 1 is perfect)"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _wrong_sign(effect: Effect) -> str:
    return (
        f"predicted with the wrong sign: {effect.name}: measured {_ratio(effect.measured)} times,"
        f" predicted {effect.predicted:.2f}"
    )


def _uniform(p: float) -> str:
    if p < _TOLD:
        return "is not uniform: the predictions do not know how uncertain they are"
    return "may be uniform, as it is for predictions that know how uncertain they are"


def _shapes(found: Quality) -> str:
    odd = found.odd
    words = (
        f"their centres laid on each other, {len(odd)} of {_many(len(found.shapes), 'metric')} are distributed otherwise"
        " than simulated (energy distance, by permuting processes; 1 in 20 of these by chance)"
    )
    if not odd:
        return words
    widest = ", ".join(f"{name} by {100 * found.shapes[name].wasserstein:.0f} %" for name in odd[:_WIDEST])
    return f"{words}; on average most in {widest}"


def _held(level: float, found: Estimate | Inconclusive) -> str:
    if isinstance(found, Inconclusive):
        return f"of the intervals: {found.why}"
    between = ""
    if found.low is not None and found.high is not None:
        between = f" [{100 * found.low:.0f} … {100 * found.high:.0f} %]"
    return (
        f"the {100 * level:.0f} % intervals of single processes hold {100 * found.value:.0f} %"
        f" of the processes{between}"
    )


def _ratio(found: Estimate, *, power: float = 0.0) -> str:
    """A ratio; with *power* from a slope on the log scale to the ratio over that many times the level."""
    if not power:
        return f"{found.value:.2f}{_interval(found, '.2f')}"
    low, high = (power**end if end is not None else None for end in (found.low, found.high))
    between = "" if low is None or high is None else f" [{low:.2f} … {high:.2f}]"
    return f"a factor of {power**found.value:.2f}{between}"


def _interval(found: Estimate, form: str) -> str:
    if found.low is None or found.high is None:
        return ""
    return f" [{found.low:{form}} … {found.high:{form}}]"
