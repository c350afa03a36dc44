"""How much of a goroutine dump is kept: all of the first ones of a cell, of later ones that end alike the beginning."""

from __future__ import annotations

import re
from typing import Final

from lab.model.run import Ending, Record

WHOLE_DUMPS: Final = 3
"""Goroutine dumps of a cell's replicates with the same ending that are kept as they are."""
SHORT_DUMP_BYTES: Final = 64 << 10
"""What is kept of a further one. Goroutine 1 is near its beginning, and some hundred more fit in."""
_HEAD_BYTES: Final = 4 << 10
"""What of that may be of the text before the first goroutine: Go's last words stand right before it."""
_FIRST_GOROUTINE: Final = re.compile(rb"^goroutine \d", re.MULTILINE)


def alike(record: Record) -> tuple[str, Ending]:
    """Which dumps are likely to tell the same."""
    return record.turn.cell, record.termination.ending


def shortened(text: bytes) -> bytes:
    """The whole lines around and behind the first goroutine's, up to what is kept of a dump that is not kept whole."""
    first = _FIRST_GOROUTINE.search(text)
    begin = 0
    if first is not None and first.start() > _HEAD_BYTES:
        begin = text.find(b"\n", first.start() - _HEAD_BYTES, first.start()) + 1
    end = begin + SHORT_DUMP_BYTES
    return text[begin : text.rfind(b"\n", begin, end) + 1 or end]
