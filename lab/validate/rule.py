"""A rule of the runtime as a tiny program: what it says in words, what one would think instead, and its simulated twin."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.model.outcome import Estimate, Inconclusive
from lab.model.rules import RuleResult
from lab.sim import Body, simulate
from lab.sim.costs import Costs
from lab.stats.share import share

SEEN: Final = "seen"
"""The name under which a twin observes the words that the real program prints."""
REPETITIONS: Final = 4
"""Of a twin: it has to say the same whatever things cost in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A twin, what it and its real program print, and what they would print if nobody had read the runtime: ``folk``."""

    name: str
    main: Callable[..., Body]
    says: str
    folk: str
    inits: tuple[Callable[..., Body], ...] = ()

    @property
    def title(self) -> str:
        """Which rule it is, in a sentence."""
        return (self.main.__doc__ or self.name).partition("\n")[0]


def says(
    words: str, *, folk: str, inits: tuple[Callable[..., Body], ...] = ()
) -> Callable[[Callable[..., Body]], Rule]:
    """Make a rule of a main function, which is called as the real program is."""

    def made(main: Callable[..., Body]) -> Rule:
        return Rule(name=main.__name__, main=main, says=words, folk=folk, inits=inits)

    return made


def rules_in(folder: Path) -> Mapping[str, Rule]:
    """By name the rules that the files of *folder* make."""
    return {
        found.name: found
        for path in sorted(folder.glob("*.py"))
        for found in runpy.run_path(str(path)).values()
        if isinstance(found, Rule)
    }


def judged(rule: Rule, procs: int, printed: Iterable[str], costs: Costs | None = None) -> RuleResult:
    """What the real program *printed* in its replicates, and what the twin says, against the rule.

    The order is the runtime's, not chance's, so most replicates say so; a busy machine may disturb some. The twin always does.
    """
    said = Counter(text.strip() for text in printed)
    return RuleResult(
        name=rule.name,
        title=rule.title,
        gomaxprocs=procs,
        says=rule.says,
        folk=rule.folk,
        real=dict(said.most_common()),
        simulated=dict(Counter(simulated(rule, procs, costs)).most_common()),
    )


def right_share(results: Sequence[RuleResult]) -> Estimate | Inconclusive:
    """The share of all runs of all rules that said what their rule says, each run a trial: SIM.md §6 wants 99 %.

    That a rule holds takes most of its runs; a rule that is right in five runs of nine is none that one could rely on, and shows here.
    """
    return share(sum(each.right for each in results), sum(each.runs for each in results))


def simulated(rule: Rule, procs: int, costs: Costs | None = None) -> Sequence[str]:
    """What the twin says in some repetitions."""
    results = (
        simulate(rule.main, gomaxprocs=procs, inits=rule.inits, repetition=number, costs=costs)
        for number in range(REPETITIONS)
    )
    return [" ".join(map(str, result.observations.get(SEEN, ()))) for result in results]
