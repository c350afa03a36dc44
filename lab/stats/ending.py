"""How replicates ended, in the simulator's words, and whether that is how the simulated processes did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from lab.model.outcome import ForetoldOutcome, Outcome, Verdict
from lab.model.run import Ending, Termination
from lab.stats.share import difference

HANG: Final = "hang"
"""What is still there when one stops waiting, real or simulated."""
STILL_RUNNING: Final = frozenset({"hang", "timeout"})
"""Outcomes of a simulation whose real program is still there at its limit."""
MARGIN: Final = 0.3
"""How far the share of an ending may be off and the prediction still hold. Nine replicates that all end as all of 32 simulated
processes did show that much; docs/statistics.md."""

_MOST: Final = 200
"""Replicates beyond which nobody is told how many would decide."""
_PANIC_CODE: Final = 2
_GO_TEXT: Final = ("panic: ", "fatal error: ")
_WORDS: Final = {Ending.EXIT: "exit", Ending.DEADLOCK: "deadlock", Ending.TIMEOUT: HANG}
_NO_BEHAVIOUR: Final = frozenset(
    {Ending.CONTAMINATED, Ending.REFUSED, Ending.BUILD_FAILED, Ending.INFRA_FAILED}
)


def word_of(termination: Termination) -> str:
    """How a replicate ended, in the simulator's words; the lab's own where the simulator has none."""
    is_go = termination.ending is Ending.EXIT_NONZERO and termination.exit_code == _PANIC_CODE
    if is_go and termination.detail.startswith(_GO_TEXT):
        return "panic"
    return _WORDS.get(termination.ending, termination.ending.value)


def is_behaviour(ending: Ending) -> bool:
    """Whether an ending is the program's own doing."""
    return ending not in _NO_BEHAVIOUR


def simulated_words(outcomes: Mapping[str, int]) -> Mapping[str, int]:
    """The simulator's outcomes by what can be told of a real process: a hang and a timeout are both still there at the limit."""
    found: Counter[str] = Counter()
    for outcome, count in outcomes.items():
        found[HANG if outcome in STILL_RUNNING else outcome] += count
    return dict(found.most_common())


def judged(measured: Mapping[str, int], foretold: ForetoldOutcome) -> Outcome:
    """What *measured* endings, in words, say of the *foretold* ones.

    Each ending's share is compared (:func:`~lab.stats.share.difference`). Where the 95 % interval of one difference does not hold 0, they
    disagree; where all lie within :data:`MARGIN`, they agree; else nothing is decided.
    """
    if isinstance(foretold, str):
        return Outcome(measured=measured, not_predicted=foretold)
    predicted = simulated_words(foretold)
    if not measured:
        return Outcome(predicted=predicted, why="nothing measured")
    found = _differences(measured, predicted)
    verdict = _verdict(found)
    return Outcome(
        measured=measured,
        predicted=predicted,
        verdict=verdict,
        margin=MARGIN,
        why=_in_words(found),
        more=_more(measured, predicted) if verdict is Verdict.INCONCLUSIVE else None,
    )


_Differences = Mapping[str, tuple[float, float, float]]
"""By ending: its share, measured less predicted, and the 95 % interval of that."""


def _differences(measured: Mapping[str, float], predicted: Mapping[str, int]) -> _Differences:
    n, m = sum(measured.values()), sum(predicted.values())
    return {
        word: difference((measured.get(word, 0), n), (predicted.get(word, 0), m))
        for word in dict.fromkeys((*predicted, *measured))
    }


def _verdict(found: _Differences) -> Verdict:
    if any(not low <= 0 <= high for _, low, high in found.values()):
        return Verdict.DISAGREES
    if all(max(-low, high) <= MARGIN for _, low, high in found.values()):
        return Verdict.AGREES
    return Verdict.INCONCLUSIVE


def _more(measured: Mapping[str, int], predicted: Mapping[str, int]) -> int | None:
    """How many more replicates would decide, if they ended as these did; None where more than :data:`_MOST` are needed."""
    n = sum(measured.values())
    for total in range(n + 1, _MOST + 1):
        larger = {word: count * total / n for word, count in measured.items()}
        if _verdict(_differences(larger, predicted)) is not Verdict.INCONCLUSIVE:
            return total - n
    return None


def _in_words(found: _Differences) -> str:
    told = (
        f"{word} {100 * apart:+.0f} [{100 * low:+.0f} … {100 * high:+.0f}]"
        for word, (apart, low, high) in found.items()
    )
    return f"share measured less share predicted, in percent: {', '.join(told)}; margin ± {100 * MARGIN:.0f}"
