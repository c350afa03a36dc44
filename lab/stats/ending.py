"""How replicates ended, in the simulator's words, and whether that is how the simulated processes did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from lab.model.outcome import CALIBRATIONS, ForetoldOutcome, Outcome, Verdict
from lab.model.run import Ending, Termination
from lab.stats.share import difference

HANG: Final = "hang"
"""What is still there when one stops waiting, real or simulated."""
STILL_RUNNING: Final = frozenset({"hang", "timeout"})
"""Outcomes of a simulation whose real program is still there at its limit."""

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


def judged(measured: Mapping[str, int], foretold: ForetoldOutcome, margin: float) -> Outcome:
    """What *measured* endings, in words, say of the *foretold* ones.

    Each ending's share is compared (:func:`~lab.stats.share.difference`). Where the 95 % interval of one difference lies wholly outside
    ± *margin*, they disagree; where all lie within it, they agree; else nothing is decided. 95 %, not the 90 % of ratios: under 90 % seven
    that end alike would agree, and of what is off by 30 % that is so in 8 %.

    Simulated processes of one calibration share its error. Where they end in several ways, their shares count as those of one process a
    calibration (:data:`~lab.model.outcome.CALIBRATIONS`), whether or not calibrations differ in them. Where all of them end alike, each
    counts, as no calibration was seen to change the end: as eight, no number of replicates could agree with them under a margin of 0.3.
    docs/statistics.md says what that costs where calibrations do decide.
    """
    if isinstance(foretold, str):
        return Outcome(measured=measured, not_predicted=foretold)
    predicted = simulated_words(foretold)
    if not measured:
        return Outcome(predicted=predicted, why="nothing measured")
    weighed = _weighed(predicted)
    found = _differences(measured, weighed)
    verdict = _verdict(found, margin)
    return Outcome(
        measured=measured,
        predicted=predicted,
        verdict=verdict,
        margin=margin,
        why=_in_words(found, margin, sum(weighed.values())),
        more=_more(measured, weighed, margin) if verdict is Verdict.INCONCLUSIVE else None,
    )


_Differences = Mapping[str, tuple[float, float, float]]
"""By ending: its share, measured less predicted, and the 95 % interval of that."""


def _weighed(predicted: Mapping[str, int]) -> Mapping[str, float]:
    """The simulated processes as how many of them are worth counting."""
    total = sum(predicted.values())
    if len(predicted) == 1 or total <= CALIBRATIONS:
        return predicted
    return {word: CALIBRATIONS * count / total for word, count in predicted.items()}


def _differences(measured: Mapping[str, float], predicted: Mapping[str, float]) -> _Differences:
    n, m = sum(measured.values()), sum(predicted.values())
    return {
        word: difference((measured.get(word, 0), n), (predicted.get(word, 0), m))
        for word in dict.fromkeys((*predicted, *measured))
    }


def _verdict(found: _Differences, margin: float) -> Verdict:
    if any(low > margin or high < -margin for _, low, high in found.values()):
        return Verdict.DISAGREES
    if all(max(-low, high) <= margin for _, low, high in found.values()):
        return Verdict.AGREES
    return Verdict.INCONCLUSIVE


def _more(measured: Mapping[str, int], predicted: Mapping[str, float], margin: float) -> int | None:
    """How many more replicates would decide, if they ended as these did; None where more than :data:`_MOST` are needed."""
    n = sum(measured.values())
    for total in range(n + 1, _MOST + 1):
        larger = {word: count * total / n for word, count in measured.items()}
        if _verdict(_differences(larger, predicted), margin) is not Verdict.INCONCLUSIVE:
            return total - n
    return None


def _in_words(found: _Differences, margin: float, worth: float) -> str:
    told = (
        f"{word} {100 * apart:+.0f} [{100 * low:+.0f} … {100 * high:+.0f}]"
        for word, (apart, low, high) in found.items()
    )
    return (
        f"share measured less share predicted, in percent: {', '.join(told)}; margin ± {100 * margin:.0f};"
        f" the simulated count as {worth:.0f}"
    )
