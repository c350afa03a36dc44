"""Text that somebody else wrote, made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """*text* with what would move a terminal's cursor, turn the direction of writing or not show at all written out as escapes."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, most: int) -> str:
    """*text* with no line longer than *most* characters: of a longer one its beginning and end, and how many there were."""
    return "\n".join(_ends(line, most) for line in text.split("\n"))


def _ends(line: str, most: int) -> str:
    if len(line) <= most:
        return line
    shown = most // 2
    return f"{line[:shown]} … {line[-shown:]} ({len(line)} characters)"


def counted(count: int, noun: str) -> str:
    """``1 process``, ``2 processes``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"
