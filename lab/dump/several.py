"""The dumps of several replicates of a cell, taken together: which groups are in how many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lab.model.dump import Digest, Frame, Group
from lab.model.looked import SeenGroup

MOST_GROUPS: Final = 20

_Key = tuple[str, str, bool]


def seen_in(digests: Iterable[Digest]) -> tuple[SeenGroup, ...]:
    """Groups that are in the same state at the same function of the program, those in the most dumps first, the largest of these first; the runtime's last.

    What lies further out of their stacks may differ, and from dump to dump the line, too: then there is none, for a goroutine that runs is
    somewhere else each time.
    """
    counts: dict[_Key, list[int]] = {}
    members: dict[_Key, list[Group]] = {}
    for digest in digests:
        here: dict[_Key, int] = {}
        for group in digest.groups:
            key = (group.state, group.at.function if group.at else "", group.of_runtime)
            members.setdefault(key, []).append(group)
            here[key] = here.get(key, 0) + group.count
        for key, count in here.items():
            counts.setdefault(key, []).append(count)
    found = [
        SeenGroup(
            state=members[key][0].state,
            functions=members[key][0].functions,
            of_runtime=members[key][0].of_runtime,
            at=_common([group.at for group in members[key]]),
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
