"""GODEBUG=inittrace=1, read: what each release prints, and what none does."""

import pytest

from lab.errors import MeasurementError
from lab.golang.inittrace import inits, observed

_TRACE = (
    "hello from the program\n"
    "init internal/bytealg @0.008 ms, 0 ms clock, 0 bytes, 0 allocs\n"
    "init net/http @1.2 ms, 0.065 ms clock, 6528 bytes, 45 allocs\n"
    "init slow @3.4 ms, 12 ms clock, 16 bytes, 1 allocs\n"
    "init of something else\n"
)


def test_a_line_is_a_package() -> None:
    """In the order in which they stand; a duration is known to the last digit that is printed."""
    first, second, third = inits(_TRACE)

    assert (first.package, first.at_ns, first.clock_ns, first.step_ns) == (
        "internal/bytealg",
        8_000,
        0,
        1_000,
    )
    assert (second.package, second.at_ns, second.clock_ns, second.step_ns) == (
        "net/http",
        1_200_000,
        65_000,
        1_000,
    )
    assert (second.allocated_bytes, second.allocs) == (6528, 45)
    assert (third.clock_ns, third.step_ns) == (12_000_000, 1_000_000)


def test_a_trace_is_observations() -> None:
    """Each package's time, and sums."""
    assert observed(_TRACE) == {
        "inittrace:internal/bytealg_ns": (0,),
        "inittrace:net/http_ns": (65_000,),
        "inittrace:slow_ns": (12_000_000,),
        "inittrace_packages": (3,),
        "inittrace_clock_ns": (12_065_000,),
        "inittrace_allocated_bytes": (6544,),
        "inittrace_allocs": (46,),
    }
    assert observed("nothing was asked for\n") == {}


@pytest.mark.parametrize(
    "line",
    [
        "init net/http @1.2 s, 0.065 ms clock, 6528 bytes, 45 allocs",
        "init net/http @1.2 ms, 0.065 ms clock, 6528 bytes",
        "init net/http @1.2 ms, 0.065 ms clock, 6528 bytes, 45 allocs, 3 goroutines",
    ],
)
def test_an_unknown_format_says_so(line: str) -> None:
    """A line that begins as one of the trace and goes on otherwise."""
    with pytest.raises(MeasurementError, match="in a format that nobody here knows: 'init net/http @"):
        observed(f"init a @0 ms, 0 ms clock, 0 bytes, 0 allocs\n{line}\n")
