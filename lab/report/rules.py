"""What became of the rules and of the oracle's words, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lab.model.accuracy import Row
from lab.model.outcome import Estimate, Inconclusive
from lab.model.rules import EndResult, RuleResult
from lab.report.accuracy import percent, row_cells, table
from lab.report.text import counted, printable

_SHOWN = 40


def rule_lines(
    results: Sequence[RuleResult], right: Estimate | Inconclusive, times: Sequence[Row]
) -> Iterator[str]:
    """A line a rule, then what does not hold in full, then how many hold and the share of runs that are right, then the times."""
    head = ("rule", "Ps", "says", "instead of", "real", "twin")
    yield from table(
        [
            head,
            *(
                (
                    each.name,
                    str(each.gomaxprocs),
                    _short(each.says),
                    _short(each.folk),
                    f"{each.right} of {each.runs}",
                    f"{each.simulated.get(each.says, 0)} of {sum(each.simulated.values())}",
                )
                for each in results
            ),
        ]
    )
    for each in results:
        if not each.holds:
            yield f"DOES NOT HOLD: {each.name}: {each.title}"
            yield f"  it should say {each.says!r}; real {_counts(each.real)}; twin {_counts(each.simulated)}"
    yield f"{sum(each.holds for each in results)} of {len(results)} rules hold, in the real runtime and in the simulator"
    runs = f"{sum(each.right for each in results)} of {counted(sum(each.runs for each in results), 'run')}"
    yield f"{runs} of real programs right: {percent(right)} (target: at least 99 %)"
    if times:
        yield "times, which are not judged here:"
        yield from table(
            [
                ("rule", "measured", "A/A", "predicted", "error"),
                *((c[0], *c[2:6]) for c in map(row_cells, times)),
            ]
        )


def end_lines(results: Sequence[EndResult]) -> Iterator[str]:
    """What chance or a race decides, each with its shares; of the others those that are wrong, and how many are right."""
    by_chance = [each for each in results if not each.expected]
    if by_chance:
        head = ("ends by chance or a race", "Ps", "real", "predicted", "largest difference of a share")
        yield from table(
            [
                head,
                *(
                    (
                        each.name,
                        str(each.gomaxprocs),
                        _shares(each.real),
                        _shares(each.simulated),
                        _difference(each),
                    )
                    for each in by_chance
                ),
            ]
        )
    for each in results:
        if not each.holds:
            kind = "WRONG" if each.fails else "OFF, by a race"
            yield f"{kind}: {each.name} at GOMAXPROCS {each.gomaxprocs}: {each.wrong}: {each.title}"
    certain = [each for each in results if each.expected]
    ends = {
        end: sum(each.expected == end for each in certain) for end in ("exit", "panic", "deadlock", "hang")
    }
    yield (
        f"{sum(each.holds for each in certain)} of {len(certain)} cells end as predicted"
        f" ({', '.join(f'{count} {end}' for end, count in ends.items() if count)});"
        f" of {len(by_chance)} by chance {sum(each.holds for each in by_chance)} in the predicted shares"
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} times {printable(text)!r}" for text, count in counts.items()) or "nothing"


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{count / total:.0%} {name}" for name, count in sorted(counts.items()))


def _difference(each: EndResult) -> str:
    if each.difference is None:
        return each.wrong
    value, low, high = each.difference
    return f"{value:+.0%} [{low:+.0%} … {high:+.0%}]"
