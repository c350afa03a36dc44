"""Axes hold what they are made for, and their marks are round, few and different."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lab.report.axis import around_one, axis_for, marks, ratio_marks

_SMALLEST = 1e-6
"""Nothing that was measured in nanoseconds, bytes or counts, and no mean of such, is smaller and not zero."""
_VALUES = st.lists(
    st.one_of(
        st.just(0.0),
        st.floats(min_value=_SMALLEST, max_value=1e15),
        st.floats(min_value=-1e15, max_value=-_SMALLEST),
    ),
    min_size=1,
    max_size=20,
)


@given(_VALUES)
def test_every_value_has_its_place(values: list[float]) -> None:
    """Between the ends, in the values' order, whatever they are."""
    axis = axis_for(values, 6, 394)

    places = [axis.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(6 <= place <= 394 for place in places)


@given(_VALUES, st.sampled_from(["ns", "bytes", "count", "errno"]))
def test_marks_are_few_and_different(values: list[float], unit: str) -> None:
    """A reader needs no more than eight, and never the same twice."""
    found = marks(axis_for(values, 0, 400), unit)

    assert len(found) <= 8
    assert len({text for _, text in found}) == len(found)


def test_marks_are_round_in_their_unit() -> None:
    """Bytes in powers of 1024, wide spans in powers of ten."""
    assert [text for _, text in marks(axis_for([1e6, 2e6], 0, 400), "ns")] == [
        "1.00 ms",
        "1.50 ms",
        "2.00 ms",
    ]
    assert [text for _, text in marks(axis_for([2**20, 4 * 2**20], 0, 400), "bytes")] == [
        "1.00 MiB",
        "2.00 MiB",
        "3.00 MiB",
        "4.00 MiB",
    ]
    assert [text for _, text in marks(axis_for([1e3, 1e9], 0, 400), "ns")] == ["1.00 µs", "1.00 ms", "1.00 s"]
    assert [text for _, text in marks(axis_for([900, 2e6], 0, 400), "bytes")] == [
        "1.00 KiB",
        "32.0 KiB",
        "1.00 MiB",
    ]


def test_what_hardly_differs_is_not_spread_over_the_whole_axis() -> None:
    """A thousandth apart is side by side."""
    axis = axis_for([1000.0, 1001.0], 0, 400)

    assert 0 < axis.at(1001.0) - axis.at(1000.0) < 25


def test_ratios_lie_around_one() -> None:
    """1 is in the middle and always marked; what is too far lies at the end."""
    axis = around_one([0.5, 1.2, math.inf], 0, 100, least=1.3, most=4)

    assert (axis.at(1), axis.at(1e9), axis.at(0)) == (50, 100, 0)
    assert (50, "1") in ratio_marks(axis, 20)
    assert around_one([], 0, 100, least=1.3, most=4).high == 1.3
