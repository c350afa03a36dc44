"""What a reader is told of a dump."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lab.dump.group import grouped
from lab.dump.knot import knots_of
from lab.dump.read import parsed
from lab.dump.wait import waits_of
from lab.model.dump import Digest

_GROUPS: Final = 20
_WAITS: Final = 20
_KNOTS: Final = 10
_UNREAD: Final = 10
_GOROUTINES: Final = 20


def digested(text: str, *, cut: bool = False) -> Digest:
    """The digest of the dump in a text; of a text without one it has no groups. Never raises."""
    dump = parsed(text, cut=cut)
    waits = waits_of(dump)
    return Digest(
        head=dump.head,
        count=len(dump.goroutines),
        groups=grouped(dump.goroutines),
        waits=waits,
        knots=knots_of(waits),
        unread=dump.unread,
        cut=dump.cut,
    )


def shortened(digest: Digest) -> Digest:
    """The digest without what no reader goes through: a million goroutines may be a hundred thousand groups."""
    return replace(
        digest,
        groups=tuple(
            replace(group, goroutines=group.goroutines[:_GOROUTINES]) for group in digest.groups[:_GROUPS]
        ),
        waits=tuple(
            replace(wait, goroutines=wait.goroutines[:_GOROUTINES]) for wait in digest.waits[:_WAITS]
        ),
        knots=tuple(
            replace(knot, goroutines=knot.goroutines[:_GOROUTINES]) for knot in digest.knots[:_KNOTS]
        ),
        unread=digest.unread[:_UNREAD],
        more_groups=max(0, len(digest.groups) - _GROUPS),
        more_waits=max(0, len(digest.waits) - _WAITS),
        more_knots=max(0, len(digest.knots) - _KNOTS),
        more_unread=max(0, len(digest.unread) - _UNREAD),
    )
