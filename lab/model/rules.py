"""What became of the rules and the endings that the simulator is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What a rule's real program and its twin said, each with how often, beside what the rule and what the folk model say."""

    name: str
    title: str
    gomaxprocs: int
    says: str
    folk: str
    real: Mapping[str, int]
    simulated: Mapping[str, int]

    @property
    def real_share(self) -> float:
        """The share of the replicates that said what the rule says."""
        return self.right / self.runs if self.runs else 0.0

    @property
    def right(self) -> int:
        """How many of the replicates said what the rule says."""
        return self.real.get(self.says, 0)

    @property
    def runs(self) -> int:
        """How many replicates said something, right or wrong."""
        return sum(self.real.values())

    @property
    def holds(self) -> bool:
        """Whether most replicates, and the twin always, said so."""
        return self.real_share > 1 / 2 and set(self.simulated) == {self.says}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndResult:
    """How a program's replicates and its simulated repetitions ended: exit, panic, deadlock or hang, each with how often.

    ``expected`` is how all have to end, or empty where chance or a race decides; then ``difference`` is the largest difference of a
    share, measured less predicted, with its 95 % interval. ``wrong`` says what is not as it should be. A ``race`` is decided by times, and
    its shares are told, as times are, and fail nothing.
    """

    name: str
    title: str
    gomaxprocs: int
    expected: str
    real: Mapping[str, int]
    simulated: Mapping[str, int]
    difference: tuple[float, float, float] | None = None
    wrong: str = ""
    race: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def fails(self) -> bool:
        """Whether something is wrong that no busy machine excuses."""
        return bool(self.wrong) and not self.race
