"""Ring 1: real Go and the simulator, each held to the words of each rule. Times are printed, by ``golab validate --ring 1``."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from lab import manifest
from lab.model.matrix import default_cells
from lab.model.rules import RuleResult
from lab.model.scenario import GOMAXPROCS
from lab.publish_accuracy import rules_result
from lab.report.rules import rule_lines
from lab.stats.share import wilson
from lab.validate.rule import Rule, judged, right_share, rules_in, says, simulated

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


@pytest.fixture(scope="module")
def printed(built: Callable[[str], Path]) -> Mapping[str, Sequence[str]]:
    """What each program said in nine runs: in rounds, so that a moment in which the machine is busy disturbs a run of many, not many of one."""
    said: dict[str, list[str]] = {name: [] for name in _RULES}
    for name in [*_RULES] * _RUNS:
        environment = {"RULE": name, "GOMAXPROCS": str(_PROCS[name]), "GOGC": "off", "LAB_FD": "1"}
        done = subprocess.run([built("rules")], env=environment, capture_output=True, text=True, check=True)
        said[name].append(done.stderr)
    return said


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.parametrize("name", _RULES)
def test_a_real_program_says_so(printed: Mapping[str, Sequence[str]], name: str) -> None:
    """The words are the runtime's, not chance's: the same in most of nine runs, for a busy machine may disturb some."""
    assert judged(_RULES[name], _PROCS[name], printed[name]).holds, printed[name]


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
    lines = "\n".join(rule_lines([most, few], right_share([most, few]), []))
    assert "DOES NOT HOLD: two: The last runs first." in lines
    assert "real 5 times '0 1', 4 times '1 0'; twin 4 times '1 0'" in lines
    assert "\n1 of 2 rules hold, in the real runtime and in the simulator\n" in lines


def _result(right: int, wrong: int) -> RuleResult:
    return RuleResult(
        name="two",
        title="The last runs first.",
        gomaxprocs=1,
        says="1 0",
        folk="0 1",
        real={"1 0": right, "0 1": wrong},
        simulated={"1 0": 4},
    )


def test_that_every_rule_holds_by_a_majority_does_not_hide_how_many_runs_are_wrong() -> None:
    """Five of nine and nine of nine: both hold, and 14 of 18 are far from 99 %; in lines and as JSON."""
    results = [_result(5, 4), _result(9, 0)]
    right = right_share(results)
    low, high = wilson(14, 18)

    last = list(rule_lines(results, right, []))[-2:]
    told = rules_result(results, right, [])

    assert last == [
        "2 of 2 rules hold, in the real runtime and in the simulator",
        f"14 of 18 runs of real programs right: 77.8% [{low:.1%} … {high:.1%}] (target: at least 99 %)",
    ]
    assert (told.right, told.runs) == (14, 18)
    assert told.right_share.value == pytest.approx(14 / 18)
    assert told.right_share.ci == pytest.approx((low, high))


def test_without_a_run_no_share_is_told() -> None:
    """Not 0 %, and not 100 %."""
    nothing = right_share([])

    assert list(rule_lines([], nothing, []))[-1].startswith(
        "0 of 0 runs of real programs right: inconclusive ("
    )
    assert rules_result([], nothing, []).right_share.inconclusive == "there is no replicate"
