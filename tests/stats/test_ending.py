"""How processes end: real endings in the simulator's words, and when a prediction of them holds."""

import math
from collections.abc import Mapping

import pytest

from lab.model.outcome import CellSummary, Outcome, Verdict
from lab.model.run import Ending, Termination
from lab.report import view
from lab.stats.ending import judged, word_of

_ALL = 32
"""Simulated processes of a cell: eight resampled calibrations, four processes each."""


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
        ({"hang": 3}, {"deadlock": _ALL}, Verdict.DISAGREES),
        ({"hang": 1}, {"deadlock": _ALL}, Verdict.DISAGREES),
        ({"deadlock": 19, "hang": 1}, {"deadlock": _ALL}, Verdict.AGREES),
        ({"deadlock": 9, "hang": 1}, {"deadlock": _ALL}, Verdict.INCONCLUSIVE),
        ({"deadlock": 6, "hang": 4}, {"deadlock": _ALL}, Verdict.DISAGREES),
        ({"exit": 5, "deadlock": 5}, {"exit": 16, "deadlock": 16}, Verdict.INCONCLUSIVE),
        ({"exit": 50, "deadlock": 50}, {"exit": 16, "deadlock": 16}, Verdict.AGREES),
        ({"exit": 90, "deadlock": 10}, {"exit": 16, "deadlock": 16}, Verdict.DISAGREES),
        ({"signal": 9}, {"exit": _ALL}, Verdict.DISAGREES),
    ],
)
def test_shares_decide(measured: Mapping[str, int], predicted: Mapping[str, int], verdict: Verdict) -> None:
    """Nine that all end as all were predicted to are enough; one interval without 0 is too much."""
    found = judged(measured, predicted)

    assert (found.verdict, found.why.startswith("share measured less share predicted")) == (verdict, True)


def _chance(n: int, share: float, foretold: float, verdict: Verdict) -> float:
    """How often *n* replicates with this *share* of deadlocks get the verdict, if the simulator's processes have the *foretold* one."""

    def ways(total: int, p: float) -> list[float]:
        return [math.comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(total + 1)]

    def split(k: int, total: int) -> Mapping[str, int]:
        return {word: count for word, count in (("deadlock", k), ("exit", total - k)) if count}

    return sum(
        p * q
        for k, p in enumerate(ways(n, share))
        for j, q in enumerate(ways(_ALL, foretold))
        if p * q > 1e-9 and judged(split(k, n), split(j, _ALL)).verdict is verdict
    )


@pytest.mark.parametrize("n", [9, 10, 20])
def test_how_often_the_verdict_is_wrong(n: int) -> None:
    """Whatever the share, what is the same disagrees in 6 % at most; what is off by the margin agrees in 5 % at most; a half is found out."""
    assert max(_chance(n, each, each, Verdict.DISAGREES) for each in (0.5, 0.8, 0.9, 0.97)) < 0.06
    assert _chance(n, 0.7, 1.0, Verdict.AGREES) < 0.05
    assert _chance(n, 0.5, 1.0, Verdict.DISAGREES) > 0.97
    assert _chance(n, 1.0, 1.0, Verdict.AGREES) == 1


def test_what_is_not_predicted_or_not_measured_has_no_verdict() -> None:
    """The reason stands there instead."""
    assert judged({"hang": 9}, "no scheduler") == Outcome(measured={"hang": 9}, not_predicted="no scheduler")
    assert judged({}, {"exit": _ALL}).verdict is None


def _cell(outcome: Outcome, **changes: object) -> CellSummary:
    given = {"outcomes": {"exit": 9}, "levels": {}, "reasons": {}, "metrics": (), "id": "a"} | changes
    return CellSummary(outcome=outcome, **given)  # type: ignore[arg-type]


def test_a_line_is_there_only_where_there_is_something_to_tell() -> None:
    """Beside metrics an exit goes without saying; what nobody predicted is told with its reason where it is all there is."""
    metric = (object(),)
    exits, dies = judged({"exit": 9}, {"exit": _ALL}), judged({"deadlock": 9}, {"deadlock": _ALL})

    assert _cell(exits, metrics=metric).told_outcome is None
    assert _cell(exits).told_outcome == exits
    assert _cell(dies, metrics=metric).told_outcome == dies
    assert _cell(judged({"hang": 1}, {"exit": _ALL}), metrics=metric).told_outcome is not None
    assert _cell(judged({"hang": 1}, "")).told_outcome is None  # an earlier golab's record
    assert _cell(judged({"hang": 1}, "no twin")).told_outcome is not None
    assert _cell(judged({"hang": 1}, "no twin"), metrics=metric).told_outcome is None


def test_it_is_said_how_many_more_would_decide() -> None:
    """Nine that all end alike; more where some do not; none where a hundred times as many would not."""
    five, mixed = (
        judged({"deadlock": 5}, {"deadlock": _ALL}),
        judged({"deadlock": 9, "hang": 1}, {"deadlock": _ALL}),
    )

    assert (five.more, judged({"deadlock": 9}, {"deadlock": _ALL}).more) == (4, None)
    assert mixed.more is not None
    assert judged({"deadlock": 9 * 2, "hang": 2}, {"deadlock": _ALL}).verdict is (
        Verdict.AGREES if mixed.more <= 10 else Verdict.INCONCLUSIVE
    )
    cell = _cell(five, outcomes={"deadlock": 5}, expected=("deadlock",))
    assert view.conclusion([cell]).endswith("1 are not decided (4 more replicates would decide 1 of them)")


def test_endings_count_among_the_verdicts_and_in_the_conclusion() -> None:
    """Where they are told. Where one other than an exit is expected and none predicted, that it came counts; one of several does not."""
    expected = ("deadlock", "timeout")
    right = _cell(judged({"deadlock": 9}, {"deadlock": _ALL}), outcomes={"deadlock": 9}, expected=expected)
    wrong = _cell(judged({"hang": 9}, {"deadlock": _ALL}), outcomes={"timeout": 9}, expected=expected, id="b")
    unsaid = _cell(judged({"hang": 9}, "no scheduler"), outcomes={"timeout": 9}, expected=expected)

    sure = _cell(judged({"hang": 9}, "no scheduler"), outcomes={"timeout": 9}, expected=("timeout",))

    assert view.verdicts([right, wrong, unsaid]) == (Verdict.AGREES, Verdict.DISAGREES)
    assert view.verdicts([sure]) == (Verdict.AGREES,)
    assert view.conclusion([right, wrong, unsaid]) == "1 of 2 predictions hold; 1 do not"
    (words,) = view.outcome_words([right, wrong, unsaid])
    assert words.startswith("b: ended in hang, predicted deadlock: share measured less share predicted")
    lines = [row for row in view.rows([right, wrong, unsaid]) if row.metric]
    assert [(row.metric, row.measured, row.n, row.predicted, row.verdict) for row in lines] == [
        ("ending", "deadlock", "9", "deadlock", "agrees"),
        ("ending", "hang", "9", "deadlock", "disagrees"),
        ("ending", "hang", "9", "no: no scheduler", ""),
    ]
