"""The order of a run."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lab.bench.plan import blocks


@given(
    st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=6),
    st.integers(0, 8),
    st.integers(0, 2**32),
)
def test_each_block_holds_every_cell_once(cells: list[str], replicates: int, seed: int) -> None:
    """Blocks follow each other; positions count up; nothing is lost or doubled."""
    turns = blocks(cells, replicates, seed)

    assert [turn.position for turn in turns] == list(range(len(cells) * replicates))
    assert Counter((turn.block, turn.cell) for turn in turns) == Counter(
        {(block, cell): 1 for block in range(replicates) for cell in cells}
    )
    assert [turn.block for turn in turns] == sorted(turn.block for turn in turns)


def test_a_seed_gives_its_order_on_any_machine() -> None:
    """The order is written out: a change of it would make old plans impossible to replay."""
    assert "".join(turn.cell for turn in blocks(["a", "b", "c"], 3, 7)) == "bacbcaacb"


def test_blocks_differ_from_each_other() -> None:
    """An order that repeats would let a period of the machine coincide with it."""
    turns = blocks([str(cell) for cell in range(8)], 20, 1)
    orders = {tuple(turn.cell for turn in turns if turn.block == block) for block in range(20)}

    assert len(orders) == 20


def test_those_of_which_nothing_is_compared_come_last_in_each_block() -> None:
    """Their order among themselves is drawn, too."""
    turns = blocks(["a", "b", "c", "d"], 3, 7, last={"a", "c"})

    assert [{turn.cell for turn in turns if turn.block == block} for block in range(3)] == [set("abcd")] * 3
    assert all(turns[4 * block + at].cell in "ac" for block in range(3) for at in (2, 3))
