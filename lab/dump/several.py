"""The dumps of several replicates of a cell, taken together: which groups are in how many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lab.model.dump import Digest, Frame
from lab.model.looked import SeenGroup

MOST_GROUPS: Final = 20

_Key = tuple[str, tuple[str, ...], bool]


def seen_in(digests: Iterable[Digest]) -> tuple[SeenGroup, ...]:
    """Groups with the same state and stack of functions are one, those in the most dumps first, the largest of these first; the runtime's last.

    Where the lines of their innermost call differ, it has none: a goroutine that runs is somewhere else each time.
    """
    counts: dict[_Key, list[int]] = {}
    places: dict[_Key, list[Frame | None]] = {}
    for digest in digests:
        here: dict[_Key, int] = {}
        for group in digest.groups:
            key = (group.state, group.functions, group.of_runtime)
            places.setdefault(key, []).append(group.at)
            here[key] = here.get(key, 0) + group.count
        for key, count in here.items():
            counts.setdefault(key, []).append(count)
    found = [
        SeenGroup(
            state=key[0],
            functions=key[1],
            of_runtime=key[2],
            at=_common(places[key]),
            dumps=len(each),
            fewest=min(each),
            most=max(each),
        )
        for key, each in counts.items()
    ]
    return tuple(sorted(found, key=lambda group: (group.of_runtime, -group.dumps, -group.most)))


def _common(places: Sequence[Frame | None]) -> Frame | None:
    first, *others = places
    if first is None:
        return None
    is_one = all(each is not None and (each.file, each.line) == (first.file, first.line) for each in others)
    return Frame(first.function, file=first.file if is_one else "", line=first.line if is_one else 0)
