"""Claims as they stand, in words: for a terminal, and as a Markdown table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.model.claim import Evidence, Register, Standing
from lab.model.outcome import ClaimVerdict, Estimate, Ruling
from lab.model.rule import Bounds
from lab.model.units import value_to_text
from lab.report.text import counted, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLines:
    """One claim: its id, verdict and statement, what stands below them, and what would measure it."""

    id: str
    verdict: str
    statement: str
    below: tuple[str, ...]
    command: str


def lines_of(standing: Standing, numbers: Sequence[str]) -> ClaimLines:
    """A claim for a terminal; *numbers* are the runs, in the order in which they are numbered."""
    claim = standing.claim
    judged = [each.judged for each in standing.rests_on]
    below = [
        f"the article: {claim.figure.text}" if claim.figure else "",
        *(f"here: {ruling_in_words(ruling)}" for each in judged for ruling in each.rulings),
        *(f"open: {each.open}" for each in judged if each.open),
        standing.lacks,
        *(_rests_on(each, numbers) for each in standing.rests_on),
    ]
    return ClaimLines(
        id=claim.id,
        verdict=standing.verdict.value,
        statement=claim.statement,
        below=tuple(line for line in below if line),
        command=f"to measure it: {standing.command}" if standing.command else "",
    )


def numbered(standings: Sequence[Standing]) -> tuple[str, ...]:
    """The runs that the claims rest on, each once."""
    return tuple(dict.fromkeys(each.run.run for standing in standings for each in standing.rests_on))


def runs_in_words(standings: Sequence[Standing]) -> Iterator[str]:
    """One line a run, with its number: what it was measured on, and what has to be known of it."""
    numbers = numbered(standings)
    first = {each.run.run: each for standing in reversed(standings) for each in standing.rests_on}
    for number, name in enumerate(numbers, start=1):
        run = first[name].run
        notes = f"; {'; '.join(run.notes)}" if run.notes else ""
        yield f"[{number}] {name} ({run.date}), engine {run.engine}, {run.cpu}, Linux {run.kernel}{notes}"


def go_in_words(register: Register, standings: Sequence[Standing]) -> str:
    """The article's release of Go, and what stands for it here; empty where nothing was measured."""
    used = dict.fromkeys(go for standing in standings for each in standing.rests_on for go in each.run.go)
    if not used:
        return ""
    nearest = f"the nearest release to be had is {register.nearest_go}"
    return f"The article used Go {register.go}; {nearest}, and these runs used {', '.join(used)}."


def summary(standings: Sequence[Standing]) -> str:
    """How many of each verdict."""
    count = Counter(standing.verdict for standing in standings)
    parts = [f"{count[verdict]} {verdict.value}" for verdict in ClaimVerdict if count[verdict]]
    return f"{counted(len(standings), 'claim')}: {', '.join(parts)}"


def markdown(register: Register, standings: Sequence[Standing], passed_over: Sequence[str]) -> str:
    """A table that one can paste, with the runs below it."""
    numbers = numbered(standings)
    rows = [
        "| claim | verdict | the article | measured | why | Go, engine, run |",
        "|---|---|---|---|---|---|",
    ]
    for standing in standings:
        claim = standing.claim
        rulings = [ruling for each in standing.rests_on for ruling in each.judged.rulings]
        measured = "; ".join(_measured(ruling) for ruling in rulings if ruling.estimate)
        told = _reasons(standing) + (f": `{standing.command}`" if standing.command else "")
        used = "; ".join(
            f"{', '.join(each.run.go)}, {each.run.engine}, [{numbers.index(each.run.run) + 1}]"
            for each in standing.rests_on
        )
        cells = [f"{claim.id} {claim.statement}", standing.verdict.value]
        cells += [claim.figure.text if claim.figure else "–", measured or "–", told, used or "–"]  # noqa: RUF001 - a dash
        rows.append(f"| {' | '.join(_cell(each) for each in cells)} |")
    notes = [
        *runs_in_words(standings),
        go_in_words(register, standings),
        f"{summary(standings)}.",
        *passed_over,
    ]
    return "\n".join([*rows, "", *(f"{_cell(note)}  " for note in notes if note)])


def _reasons(standing: Standing) -> str:
    """What stands beside the numbers: what each is of, and what it decides."""
    judged = [each.judged for each in standing.rests_on]
    parts = [f"{ruling.says}: {ruling.why}" for each in judged for ruling in each.rulings]
    return "; ".join(
        [*parts, *(each.open for each in judged if each.open), *([standing.lacks] if standing.lacks else [])]
    )


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    plain = " ".join(printable(text).split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _rests_on(evidence: Evidence, numbers: Sequence[str]) -> str:
    run = evidence.run
    return f"Go {', '.join(run.go)}, engine {run.engine}, {evidence.scenario}, run [{numbers.index(run.run) + 1}]"


def ruling_in_words(ruling: Ruling) -> str:
    """What a rule is about, what was measured of it, and what that decides; or why nothing was."""
    if ruling.estimate is None:
        return f"{ruling.says}: {ruling.why}"
    return f"{ruling.says}: {estimate_in_words(ruling.estimate, ruling.unit)} ({ruling.why})"


def _measured(ruling: Ruling) -> str:
    return estimate_in_words(ruling.estimate, ruling.unit) if ruling.estimate else ""


def estimate_in_words(estimate: Estimate, unit: str) -> str:
    """A number with its interval, to three digits; an end that is infinite lies beyond what was measured."""
    if estimate.high == math.inf:
        start = value_to_text(estimate.value if estimate.low is None else estimate.low, unit)
        return f"beyond {start}, if at all" if estimate.value == math.inf else f"from {start} on"
    value = value_to_text(estimate.value, unit)
    if estimate.low is None or estimate.high is None:
        return value
    low, high = value_to_text(estimate.low, unit), value_to_text(estimate.high, unit)
    return value if low == value == high else f"{value} [{low} … {high}]"


def bounds_in_words(bounds: Bounds, interval: tuple[float, float], unit: str) -> str:
    """Which range decided, or which would have."""
    low, high = interval
    regions = {"supported": bounds.supported, "refuted": bounds.refuted}
    if (side := bounds.side(low, high)) is not None:
        word = "supported" if side else "refuted"
        around = next((start, end) for start, end in regions[word] if start <= low and high <= end)
        return f"{word} at {range_in_words(*around, unit)}"
    said = [
        f"{word} only at {' or '.join(range_in_words(*each, unit) for each in ranges)}"
        for word, ranges in regions.items()
        if ranges
    ]
    return ", ".join(said)


def range_in_words(start: float, end: float, unit: str) -> str:
    """Where an interval has to lie: from *start* to *end*, either of which may be infinite."""
    if start == end:
        return value_to_text(start, unit)
    if start == -math.inf:
        return f"{value_to_text(end, unit)} or less"
    if end == math.inf:
        return f"{value_to_text(start, unit)} or more"
    return f"{value_to_text(start, unit)} to {value_to_text(end, unit)}"
