"""The outcome oracle: whether real programs end as their simulated twins, and as often where chance or a race decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from lab.model.outcome import Inconclusive
from lab.model.rules import EndResult
from lab.model.run import Record
from lab.sim.costs import Costs
from lab.stats.ending import HANG, STILL_RUNNING, simulated_words, word_of
from lab.stats.share import compare_shares
from lab.validate.outcome import Case, Chance

REPETITIONS: Final = 200
"""Simulated repetitions of a program that ends by chance."""
MARGIN: Final = 0.15
"""How far a share may be off before it is wrong: the whole interval of the difference lies beyond.

What that finds, and how often, stands in docs/validation.md and is calculated by its test.
"""


def ending_of(record: Record) -> str:
    """How a replicate ended, in the simulator's words; the lab's own where the simulator has none."""
    return word_of(record.termination)


def judged_case(case: Case, procs: int, records: Sequence[Record], costs: Costs | None = None) -> EndResult:
    """A program whose end is the runtime's: every replicate and the twin have to end so, in Go's words."""
    end = case.ends[procs]
    expected = HANG if end.outcomes <= STILL_RUNNING else next(iter(end.outcomes))
    result = case.simulated(procs, costs)
    simulated = HANG if result.outcome in STILL_RUNNING else result.outcome
    real = Counter(map(ending_of, records))
    wrong = [
        *(f"{count} ended in {ending}" for ending, count in real.items() if ending != expected),
        *([] if simulated == expected else [f"the twin ends in {simulated}"]),
    ]
    if end.message:
        texts = {record.termination.detail for record in records if ending_of(record) == expected}
        wrong += [f"says {text!r}" for text in sorted(texts) if not text.startswith(end.message)]
        if simulated == expected and result.message != end.message:
            wrong.append(f"the twin says {result.message!r}")
    return EndResult(
        name=case.name,
        title=_title(case),
        gomaxprocs=procs,
        expected=expected,
        real=dict(real.most_common()),
        simulated={simulated: 1},
        wrong="; ".join(wrong) if records else "nothing was measured",
    )


def judged_chance(chance: Chance, procs: int, records: Iterable[Record], costs: Costs | None) -> EndResult:
    """A program that ends in one way or another: every end's shares are compared, and no end may be one that is never predicted."""
    real = Counter(map(ending_of, records))
    foretold = Counter(simulated_words(chance.simulated(procs, costs=costs, repetitions=REPETITIONS)))
    measured, total = sum(real.values()), sum(foretold.values())
    found = {
        ending: compared
        for ending in sorted(real | foretold)
        if not isinstance(
            compared := compare_shares((real[ending], measured), (foretold[ending], total)), Inconclusive
        )
    }
    wrong = [
        *(
            f"{count} ended in {ending}, which none of {total} repetitions does"
            for ending, count in real.most_common()
            if not foretold[ending]
        ),
        *(
            f"the share of {ending} is off by {each.difference:+.0%} [{each.low:+.0%} … {each.high:+.0%}]"
            for ending, each in found.items()
            if each.low > MARGIN or each.high < -MARGIN
        ),
    ]
    largest = max(found.values(), key=lambda each: abs(each.difference), default=None)
    return EndResult(
        name=chance.name,
        title=_title(chance),
        gomaxprocs=procs,
        expected="",
        real=dict(real.most_common()),
        simulated=dict(foretold.most_common()),
        difference=None if largest is None else (largest.difference, largest.low, largest.high),
        wrong="nothing was measured" if largest is None else "; ".join(wrong),
        race=not chance.exact,
    )


def _title(of: Case | Chance) -> str:
    body = of.inits[0] if isinstance(of, Case) and of.inits else of.main
    return (body.__doc__ or of.name).partition("\n")[0]
