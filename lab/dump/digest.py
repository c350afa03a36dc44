"""What a reader is told of a dump."""

from __future__ import annotations

from lab.dump.group import grouped
from lab.dump.knot import knots_of
from lab.dump.read import parsed
from lab.dump.wait import waits_of
from lab.model.dump import Digest


def digested(text: str, *, cut: bool = False) -> Digest:
    """The digest of the dump in a text; of a text without one it has no groups. Never raises."""
    dump = parsed(text, cut=cut)
    waits = waits_of(dump)
    return Digest(
        head=dump.head,
        groups=grouped(dump.goroutines),
        waits=waits,
        knots=knots_of(waits),
        unread=dump.unread,
        cut=dump.cut,
    )
