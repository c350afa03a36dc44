"""What the benchmark of long runs compares: sheaves with sheaves."""

import pytest

from benchmarks.load import compared
from lab.model.run import Ending, Record, Termination, Turn
from lab.model.units import Nanos


def _records(cells: int, blocks: int) -> list[Record]:
    return [
        Record(
            turn=Turn(position=block * cells + cell, block=block, cell=f"n{cell}"),
            termination=Termination(ending=Ending.EXIT, exit_code=0),
            started_at_ns=1,
            wall_ns=Nanos(2),
        )
        for block in range(blocks)
        for cell in range(cells)
    ]


@pytest.mark.parametrize(
    ("cells", "blocks", "first", "last"),
    [
        (320, 4, (320, 639), (960, 1279)),
        (1, 3000, (1, 300), (2700, 2999)),
        (2, 40, (2, 9), (72, 79)),
    ],
)
def test_no_cells_first_replicate_is_compared(
    cells: int, blocks: int, first: tuple[int, int], last: tuple[int, int]
) -> None:
    """It is ordered by itself: with many cells that is a quarter of the run, and no slow-down would be seen beside it."""
    begin, end = (
        (part[0].turn.position, part[-1].turn.position) for part in compared(_records(cells, blocks))
    )

    assert (begin, end) == (first, last)
