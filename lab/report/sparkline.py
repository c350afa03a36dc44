"""A time series in one line of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

WIDTH: Final = 48
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def sparkline(
    at_ns: Sequence[int], values: Sequence[int], end_ns: int, *, is_state: bool, width: int = WIDTH
) -> str:
    """Columns from the beginning of a process to *end_ns*, each as high as the largest value in it, from 0 up.

    A *state* lasts until the next value is known; of what happens there is a space where it did not.
    """
    columns: list[int | None] = [None] * width
    for at, value in zip(at_ns, values, strict=True):
        place = min(width - 1, max(at, 0) * width // max(end_ns, 1))
        before = columns[place]
        columns[place] = value if before is None else max(value, before)
    if is_state:
        columns = list(_lasting(columns))
    most = max(values, default=0)
    return "".join(" " if each is None else _block(each, most) for each in columns)


def _lasting(columns: Sequence[int | None]) -> Iterator[int | None]:
    lasts: int | None = None
    for value in columns:
        lasts = lasts if value is None else value
        yield lasts


def _block(value: int, most: int) -> str:
    return _BLOCKS[round(value * (len(_BLOCKS) - 1) / most)] if most else _BLOCKS[0]
