"""How processes end: real endings in the simulator's words, and when a prediction of them holds."""

import functools
import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from lab.model.outcome import CellSummary, ForetoldOutcome, Outcome, Verdict
from lab.model.run import Ending, Termination
from lab.model.scenario import OUTCOME_MARGIN
from lab.report import view
from lab.stats.ending import judged, word_of

_ALL = 32
"""Simulated processes of a cell: eight resampled calibrations, four processes each."""


def _judged(measured: Mapping[str, int], foretold: ForetoldOutcome) -> Outcome:
    return judged(measured, foretold, OUTCOME_MARGIN)


def _told(ending: Ending, code: int | None = None, detail: str = "") -> str:
    return word_of(Termination(ending=ending, exit_code=code, detail=detail))


def test_endings_have_the_simulators_words() -> None:
    """A panic is told by Go's text and exit code 2; what the simulator has no word for keeps the lab's."""
    assert _told(Ending.EXIT, 0) == "exit"
    assert _told(Ending.DEADLOCK, 2, "fatal error: all goroutines are asleep - deadlock!") == "deadlock"
    assert _told(Ending.TIMEOUT) == "hang"
    assert _told(Ending.EXIT_NONZERO, 2, "panic: once") == "panic"
    assert _told(Ending.EXIT_NONZERO, 2, "fatal error: sync: unlock of unlocked mutex") == "panic"
    assert _told(Ending.EXIT_NONZERO, 2, "-variant=x is not known") == "exit-nonzero"
    assert _told(Ending.EXIT_NONZERO, 1, "panic: not Go's") == "exit-nonzero"
    assert _told(Ending.SIGNAL) == "signal"


@pytest.mark.parametrize(
    ("measured", "predicted", "verdict"),
    [
        ({"deadlock": 9}, {"deadlock": _ALL}, Verdict.AGREES),
        ({"deadlock": 8}, {"deadlock": _ALL}, Verdict.INCONCLUSIVE),
        ({"hang": 9}, {"timeout": 16, "hang": 16}, Verdict.AGREES),
        ({"hang": 2}, {"deadlock": _ALL}, Verdict.DISAGREES),
        ({"hang": 1}, {"deadlock": _ALL}, Verdict.INCONCLUSIVE),
        ({"deadlock": 19, "hang": 1}, {"deadlock": _ALL}, Verdict.AGREES),
        ({"deadlock": 9, "hang": 1}, {"deadlock": _ALL}, Verdict.INCONCLUSIVE),
        ({"deadlock": 6, "hang": 4}, {"deadlock": _ALL}, Verdict.INCONCLUSIVE),
        ({"deadlock": 3, "hang": 7}, {"deadlock": _ALL}, Verdict.DISAGREES),
        ({"exit": 5, "deadlock": 5}, {"exit": 16, "deadlock": 16}, Verdict.INCONCLUSIVE),
        ({"exit": 50, "deadlock": 50}, {"exit": 16, "deadlock": 16}, Verdict.INCONCLUSIVE),
        ({"exit": 60, "deadlock": 60}, {"exit": 16, "deadlock": 16}, Verdict.AGREES),
        ({"exit": 90, "deadlock": 10}, {"exit": 16, "deadlock": 16}, Verdict.INCONCLUSIVE),
        ({"exit": 90, "deadlock": 10}, {"exit": 4, "deadlock": 28}, Verdict.DISAGREES),
        ({"signal": 9}, {"exit": _ALL}, Verdict.DISAGREES),
    ],
)
def test_shares_decide(measured: Mapping[str, int], predicted: Mapping[str, int], verdict: Verdict) -> None:
    """Nine that all end as all were predicted to are enough; one interval wholly outside the margin is too much."""
    found = _judged(measured, predicted)

    assert (found.verdict, found.why.startswith("share measured less share predicted")) == (verdict, True)


def test_only_what_is_always_so_counts_as_all_the_simulated() -> None:
    """As eight, any number of replicates would be too few; and where the simulated differ, they do count as eight."""
    eight, mixed = _judged({"deadlock": 10**6}, {"deadlock": 8}), {"deadlock": 8, "exit": 24}

    assert (eight.verdict, eight.more) == (Verdict.INCONCLUSIVE, None)
    assert _judged({"deadlock": 9}, {"deadlock": _ALL}).why.endswith("margin ± 30; the simulated count as 32")
    assert _judged({"deadlock": 9}, mixed).why.endswith("margin ± 30; the simulated count as 8")
    assert _judged({"deadlock": 9}, mixed) == replace(
        _judged({"deadlock": 9}, {"deadlock": 2, "exit": 6}), predicted=mixed
    )


def test_what_chance_decides_can_hardly_be_agreed_with() -> None:
    """A half takes 105; three quarters more than there are, under the usual margin."""
    quarters = {"exit": 3 * 10**6, "deadlock": 10**6}, {"exit": 24, "deadlock": 8}

    assert _judged({"exit": 50, "deadlock": 50}, {"exit": 16, "deadlock": 16}).more == 5
    assert _judged(*quarters).verdict is Verdict.INCONCLUSIVE
    assert judged(*quarters, 0.4).verdict is Verdict.AGREES
    assert _judged({"exit": 1, "deadlock": 19}, {"exit": 24, "deadlock": 8}).verdict is Verdict.DISAGREES


def test_the_margin_decides() -> None:
    """A narrow one is agreed with by more replicates only; nothing disagrees with one that holds its whole interval."""
    measured, predicted = {"deadlock": 9}, {"deadlock": _ALL}

    assert judged(measured, predicted, 0.3).verdict is Verdict.AGREES
    assert judged(measured, predicted, 0.2).verdict is Verdict.INCONCLUSIVE
    assert judged(measured, predicted, 0.2).margin == 0.2
    assert judged({"exit": 3, "deadlock": 6}, predicted, 0.03).verdict is Verdict.DISAGREES
    assert judged({"exit": 3, "deadlock": 6}, predicted, 0.3).verdict is Verdict.INCONCLUSIVE
    assert judged({"exit": 3, "deadlock": 6}, predicted, 0.7).verdict is Verdict.AGREES


def _ways(total: int, p: float) -> list[float]:
    return [math.comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(total + 1)]


@functools.cache
def _verdict(k: int, n: int, j: int) -> Verdict | None:
    def split(k: int, total: int) -> Mapping[str, int]:
        return {word: count for word, count in (("deadlock", k), ("exit", total - k)) if count}

    return _judged(split(k, n), split(j, _ALL)).verdict


def _chance(n: int, share: float, foretold: float, verdict: Verdict, trials: int) -> float:
    """How often *n* replicates with this *share* of deadlocks get the verdict, if that of the simulated is *foretold*.

    The simulated are so many independent *trials*: 32 where calibrations are alike, 8 where each decides for its four.
    """
    return sum(
        p * q
        for k, p in enumerate(_ways(n, share))
        for j, q in enumerate(_ways(trials, foretold))
        if p * q > 1e-9 and _verdict(k, n, j * _ALL // trials) is verdict
    )


_FORETOLD = (1.0, 0.97, 0.9, 0.82, 0.75, 0.65, 0.5, 0.4, 0.3)


@pytest.mark.parametrize("n", [9, 10, 20])
@pytest.mark.parametrize(
    ("trials", "agrees_falsely", "disagrees_falsely"), [(32, 0.041, 0.026), (8, 0.058, 0.071)]
)
def test_how_often_the_verdict_is_wrong(
    n: int, trials: int, agrees_falsely: float, disagrees_falsely: float
) -> None:
    """What is off by the margin agrees in 4 % at most and disagrees in 3 %, in 6 and 7 % where calibrations decide; what is the same in 0.4 %."""

    def worst(verdict: Verdict, off: float) -> float:
        return max(_chance(n, max(each - off, 0), each, verdict, trials) for each in _FORETOLD)

    assert worst(Verdict.AGREES, 0.3) < agrees_falsely
    assert worst(Verdict.DISAGREES, 0.3) < disagrees_falsely
    assert worst(Verdict.DISAGREES, 0.0) < 0.004


@pytest.mark.parametrize(
    ("share", "n", "found"), [(0.5, 9, 0.25), (0.5, 20, 0.41), (0.2, 9, 0.91), (0.2, 20, 0.99), (0.0, 9, 1.0)]
)
def test_how_often_what_is_off_is_found_out(share: float, n: int, found: float) -> None:
    """Where all were predicted to end so: a half seldom by nine, a fifth nearly always. All that do agree."""
    assert _chance(n, share, 1.0, Verdict.DISAGREES, _ALL) == pytest.approx(found, abs=0.01)
    assert _chance(n, 1.0, 1.0, Verdict.AGREES, _ALL) == 1


def test_what_is_not_predicted_or_not_measured_has_no_verdict() -> None:
    """The reason stands there instead."""
    assert _judged({"hang": 9}, "no scheduler") == Outcome(measured={"hang": 9}, not_predicted="no scheduler")
    assert _judged({}, {"exit": _ALL}).verdict is None


def _cell(outcome: Outcome, **changes: object) -> CellSummary:
    given = {"outcomes": {"exit": 9}, "levels": {}, "reasons": {}, "metrics": (), "id": "a"} | changes
    return CellSummary(outcome=outcome, **given)  # type: ignore[arg-type]


def test_a_line_is_there_only_where_there_is_something_to_tell() -> None:
    """Beside metrics an exit goes without saying; what nobody predicted is told with its reason where it is all there is."""
    metric = (object(),)
    exits, dies = _judged({"exit": 9}, {"exit": _ALL}), _judged({"deadlock": 9}, {"deadlock": _ALL})

    assert _cell(exits, metrics=metric).told_outcome is None
    assert _cell(exits).told_outcome == exits
    assert _cell(dies, metrics=metric).told_outcome == dies
    assert _cell(_judged({"hang": 1}, {"exit": _ALL}), metrics=metric).told_outcome is not None
    assert _cell(_judged({"hang": 1}, "")).told_outcome is None  # an earlier golab's record
    assert _cell(_judged({"hang": 1}, "no twin")).told_outcome is not None
    assert _cell(_judged({"hang": 1}, "no twin"), metrics=metric).told_outcome is None


def test_it_is_said_how_many_more_would_decide() -> None:
    """Nine that all end alike; more where some do not; none where a hundred times as many would not."""
    five, mixed = (
        _judged({"deadlock": 5}, {"deadlock": _ALL}),
        _judged({"deadlock": 9, "hang": 1}, {"deadlock": _ALL}),
    )

    assert (five.more, _judged({"deadlock": 9}, {"deadlock": _ALL}).more) == (4, None)
    assert mixed.more is not None
    assert _judged({"deadlock": 9 * 2, "hang": 2}, {"deadlock": _ALL}).verdict is (
        Verdict.AGREES if mixed.more <= 10 else Verdict.INCONCLUSIVE
    )
    cell = _cell(five, outcomes={"deadlock": 5}, expected=("deadlock",))
    assert view.conclusion([cell]).endswith("1 is not decided (4 more replicates would decide 1 of them)")


def test_endings_count_among_the_verdicts_and_in_the_conclusion() -> None:
    """Where they are told. Where one other than an exit is expected and none predicted, that it came counts; one of several does not."""
    expected = ("deadlock", "timeout")
    right = _cell(_judged({"deadlock": 9}, {"deadlock": _ALL}), outcomes={"deadlock": 9}, expected=expected)
    wrong = _cell(
        _judged({"hang": 9}, {"deadlock": _ALL}), outcomes={"timeout": 9}, expected=expected, id="b"
    )
    unsaid = _cell(_judged({"hang": 9}, "no scheduler"), outcomes={"timeout": 9}, expected=expected)

    sure = _cell(_judged({"hang": 9}, "no scheduler"), outcomes={"timeout": 9}, expected=("timeout",))

    assert view.verdicts([right, wrong, unsaid]) == (Verdict.AGREES, Verdict.DISAGREES)
    assert view.verdicts([sure]) == (Verdict.AGREES,)
    assert view.conclusion([right, wrong, unsaid]) == "1 of 2 predictions hold; 1 does not"
    (words,) = view.outcome_words([right, wrong, unsaid])
    assert words.startswith("b: ended in hang, predicted deadlock: share measured less share predicted")
    lines = [row for row in view.rows([right, wrong, unsaid]) if row.metric]
    assert [(row.metric, row.measured, row.n, row.predicted, row.verdict) for row in lines] == [
        ("ending", "deadlock", "9", "deadlock", "agrees"),
        ("ending", "hang", "9", "deadlock", "disagrees"),
        ("ending", "hang", "9", "no: no scheduler", ""),
    ]
