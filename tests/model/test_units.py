"""Units are read as people write them, and written as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.units import bytes_from_text, bytes_to_text, duration_from_text, duration_to_text


@given(st.integers(min_value=0, max_value=2**50))
def test_a_number_of_bytes_survives_its_own_text(count: int) -> None:
    """Writing and reading bytes is exact."""
    assert bytes_from_text(bytes_to_text(count)) == count


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("1.5s", 1_500_000_000), ("20 ms", 20_000_000), ("7us", 7_000), ("7µs", 7_000), ("2m", 120 * 10**9)],
)
def test_durations_are_read_in_any_unit(text: str, nanos: int) -> None:
    """A duration is a number and a unit."""
    assert duration_from_text(text) == nanos


@pytest.mark.parametrize("text", ["", "64", "64 MB", "-1s", "1e3s", "GiB", "٣ms", "9" * 5000 + "x"])
def test_what_is_no_quantity_is_refused_with_the_units_there_are(text: str) -> None:
    """A bad quantity names the units that would be right."""
    with pytest.raises(ValueError, match="units:"):
        bytes_from_text(text)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0 ns"),
        (999.4, "999 ns"),
        (999.6, "1.00 µs"),
        (1_084_000, "1.08 ms"),
        (999_999_999, "1.00 s"),
        (12.34e9, "12.3 s"),
    ],
)
def test_durations_are_shown_to_three_digits(nanos: float, text: str) -> None:
    """The unit changes where rounding would give four digits."""
    assert duration_to_text(nanos) == text
