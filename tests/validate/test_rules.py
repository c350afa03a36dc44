"""Ring 1: real Go and the simulator, each held to the words of each rule. Times are printed, by ``golab validate --ring 1``."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from lab import manifest
from lab.model.matrix import default_cells
from lab.model.scenario import GOMAXPROCS
from lab.report.rules import rule_lines
from lab.validate.rule import Rule, judged, rules_in, says, simulated

_TWINS: Final = Path(__file__).parents[2] / "scenarios/validate"
_RULES: Final = rules_in(_TWINS / "rules")
_PROCS: Final = {
    cell.text("program"): int(cell.text(GOMAXPROCS))
    for cell in default_cells(manifest.load(_TWINS / "rules.toml"))
}
_RUNS: Final = 9
_LEAST_RULES: Final = 25


def test_every_rule_has_its_cell_and_there_are_many() -> None:
    """The manifest's programs are the twins'."""
    assert _PROCS.keys() == _RULES.keys()
    assert len(_RULES) >= _LEAST_RULES


@pytest.mark.parametrize("name", _RULES)
def test_a_rule_tells_the_runtime_from_what_one_would_think(name: str) -> None:
    """Words that the folk model says, too, would show nothing."""
    assert _RULES[name].says != _RULES[name].folk


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.parametrize("name", _RULES)
def test_a_real_program_says_so(built: Callable[[str], Path], name: str) -> None:
    """The words are the runtime's, not chance's: the same in most of nine runs, for a busy machine may disturb some."""
    environment = {"RULE": name, "GOMAXPROCS": str(_PROCS[name]), "GOGC": "off", "LAB_FD": "1"}
    printed = [
        subprocess.run([built("rules")], env=environment, capture_output=True, text=True, check=True).stderr
        for _ in range(_RUNS)
    ]

    assert judged(_RULES[name], _PROCS[name], printed).holds, printed


@pytest.mark.slow
@pytest.mark.parametrize("name", _RULES)
def test_its_twin_says_so(name: str) -> None:
    """In every repetition, whatever things cost in it."""
    assert set(simulated(_RULES[name], _PROCS[name])) == {_RULES[name].says}


def test_a_rule_holds_if_most_say_so_and_the_twin_always_does() -> None:
    """Five of nine are most, four are not; and what does not hold is shown with what was said instead."""

    @says("1 0", folk="0 1")
    def two(g):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - as a twin without annotations
        """The last runs first."""
        yield g.work(0)
        g.observe("seen", 1)
        g.observe("seen", 0)

    most, few = (judged(two, 1, ["1 0 \n"] * count + ["0 1\n"] * (9 - count)) for count in (5, 4))
    wrong = judged(Rule(name="two", main=two.main, says="0 1", folk=""), 1, ["0 1"] * 9)

    assert (most.holds, few.holds, wrong.holds) == (True, False, False)
    assert not judged(two, 1, []).holds
    lines = "\n".join(rule_lines([most, few], []))
    assert "DOES NOT HOLD: two: The last runs first." in lines
    assert "real 5 times '0 1', 4 times '1 0'; twin 4 times '1 0'" in lines
    assert lines.endswith("1 of 2 rules hold, in the real runtime and in the simulator")
