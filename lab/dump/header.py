"""The line that a goroutine begins with, in the forms of Go 1.21 to 1.27."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from lab.dump.word import REASON_TEXTS, STATUS_TEXTS
from lab.model.dump import Goroutine

_HEADER: Final = re.compile(
    r"goroutine (?P<id>\d+)"
    r"(?: gp=(?:0x[0-9a-f]+|nil) m=(?P<thread>\d+|nil)(?: mp=(?:0x[0-9a-f]+|nil))?)?"
    r" \[(?P<inside>.*)\](?: (?P<behind>\{.*\}))?:"
)
_MINUTES: Final = re.compile(r"(\d+) minutes")
_BUBBLE: Final = re.compile(r"synctest (?:bubble|group) (\d+)")
_LABELS: Final = re.compile(r" labels:(\{.*\})$")
_LONGEST_ID: Final = (
    20  # digits of 2**64: beyond it a line is something else, and Python refuses to read it as a number
)


class Read(NamedTuple):
    """A goroutine without its stack, and what of its line is not in the words of any known release."""

    goroutine: Goroutine
    strange: str


def begins(line: str) -> bool:
    """Whether a line looks like the beginning of a goroutine, well-formed or not."""
    return line.startswith("goroutine ") and line[10:11].isdigit()


def read(line: str) -> Read | None:
    """The goroutine that a line begins; None where it is of another form."""
    found = _HEADER.fullmatch(line)
    if found is None or len(found["id"]) > _LONGEST_ID or len(found["thread"] or "") > _LONGEST_ID:
        return None
    inside, labels = found["inside"], found["behind"] or ""
    if within := _LABELS.search(inside):
        inside, labels = inside[: within.start()], within[1]
    word, *fields = inside.split(", ")
    word, scan = _without(word, " (scan)")
    word, leaked = _without(word, " (leaked)")
    minutes, bubble, locked, strange = 0, None, False, ""
    for field in fields:
        if (number := _MINUTES.fullmatch(field)) and len(number[1]) <= _LONGEST_ID:
            minutes = int(number[1])
        elif (number := _BUBBLE.fullmatch(field)) and len(number[1]) <= _LONGEST_ID:
            bubble = int(number[1])
        elif field == "locked to thread":
            locked = True
        else:
            strange = field
    status, reason = (word, "") if word in STATUS_TEXTS else ("waiting", word)
    if reason and reason.removesuffix(" (durable)") not in REASON_TEXTS and reason not in REASON_TEXTS:
        strange = reason
    del scan  # the collector's bit says nothing about the program
    return Read(
        Goroutine(
            id=int(found["id"]),
            status=status,
            reason=reason,
            minutes=minutes,
            locked=locked,
            leaked=leaked,
            bubble=bubble,
            labels=labels,
            thread=int(found["thread"]) if (found["thread"] or "nil") != "nil" else None,
        ),
        strange,
    )


def _without(word: str, mark: str) -> tuple[str, bool]:
    """A word without a mark, and whether it had it; a durable mark may stand behind."""
    if mark not in word:
        return word, False
    return word.replace(mark, "", 1), True
