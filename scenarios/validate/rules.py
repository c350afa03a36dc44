"""The simulated twins of go_templates/validate/rules, in the files of rules/."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lab.sim import Body, G
from lab.validate.rule import Rule, rules_in

FOLDER = Path(__file__).parent / "rules"


@cache
def rules() -> Mapping[str, Rule]:
    """By name."""
    return rules_in(FOLDER)


def main(g: G, *, program: str = "runq_overflow") -> Body:
    """The rule's program."""
    yield from rules()[program].main(g)


def inits(params: Mapping[str, Any]) -> Sequence[Callable[[G], Body]]:
    """What runs before it."""
    return rules()[str(params["program"])].inits
