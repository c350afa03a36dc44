"""Goroutines that wait for each other and for nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lab.model.dump import Knot, Wait


def knots_of(waits: Sequence[Wait]) -> tuple[Knot, ...]:
    """The knots: closed sets in which each waits for one of the same set. Who waits behind a knot is not in it."""
    by_goroutine = {one: wait for wait in waits if wait.holders for one in wait.goroutines}
    # what is certain comes from all that are possible; where nobody can say who is, from who is likely
    ahead = {one: wait.possible or wait.holders for one, wait in by_goroutine.items()}
    knots = [
        _knot(members, by_goroutine)
        for members in _components(ahead)
        # whoever waits for somebody outside may wait behind a knot, and is in none
        if all(one in ahead and members.issuperset(ahead[one]) for one in members)
    ]
    return tuple(sorted(knots, key=lambda knot: knot.goroutines))


def _components(ahead: Mapping[int, Sequence[int]]) -> list[set[int]]:
    """The sets of which each reaches each: in the order of leaving them forwards, gathered backwards (Kosaraju)."""
    behind: defaultdict[int, list[int]] = defaultdict(list)
    for one, others in ahead.items():
        for other in others:
            behind[other].append(one)
    entered: set[int] = set()
    left = [one for start in ahead for one in _walk(start, ahead, entered)]
    entered = set()
    return [found for start in reversed(left) if (found := set(_walk(start, behind, entered)))]


def _walk(start: int, edges: Mapping[int, Sequence[int]], entered: set[int]) -> list[int]:
    """What is reached from *start* and was not entered before, each behind all that is reached from it."""
    left: list[int] = []
    stack = [] if start in entered else [(start, iter(edges.get(start, ())))]
    entered.add(start)
    while stack:
        one, others = stack[-1]
        for other in others:
            if other not in entered:
                entered.add(other)
                stack.append((other, iter(edges.get(other, ()))))
                break
        else:
            left.append(one)
            stack.pop()
    return left


def _knot(members: set[int], waits: Mapping[int, Wait]) -> Knot:
    circle = _circle(members, waits)
    return Knot(
        count=len(members),
        goroutines=circle or tuple(sorted(members)),
        certain=all(waits[one].possible for one in members),
        ordered=bool(circle),
    )


def _circle(members: set[int], waits: Mapping[int, Wait]) -> tuple[int, ...]:
    """The members in the order in which they wait; empty where that is not one circle of all of them."""
    order = [min(members)]
    while len(order) <= len(members) and len(waits[order[-1]].holders) == 1:
        (following,) = waits[order[-1]].holders
        if following == order[0]:
            return tuple(order) if len(order) == len(members) else ()
        if following not in members:
            break
        order.append(following)
    return ()
