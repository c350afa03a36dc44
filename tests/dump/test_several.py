"""The dumps of several replicates, taken together."""

from lab.dump import digested, seen_in

_HEAD = "SIGQUIT: quit\n\n"


def _goroutine(number: int, state: str, function: str, line: int) -> str:
    return f"goroutine {number} [{state}]:\n{function}()\n\t/src/main.go:{line} +0x1\n\n"


def test_a_group_is_a_state_at_a_function() -> None:
    """In how many dumps it is, and how many goroutines it has in one of these; a line that differs is left out."""
    one = digested(_HEAD + "".join(_goroutine(number, "select", "main.wait", 9) for number in (1, 2, 3)))
    two = digested(
        _HEAD + _goroutine(1, "select", "main.wait", 9) + _goroutine(2, "runnable", "main.spin", 4)
    )
    three = digested(_HEAD + _goroutine(1, "runnable", "main.spin", 5))

    found = [
        (group.state, group.at and (group.at.function, group.at.line), group.dumps, group.fewest, group.most)
        for group in seen_in([one, two, three])
    ]
    assert found == [
        ("select", ("main.wait", 9), 2, 1, 3),
        ("runnable", ("main.spin", 0), 2, 1, 1),
    ]


def test_no_dump_has_no_group() -> None:
    """A text without one has none, either."""
    assert seen_in([]) == seen_in([digested("killed\n")]) == ()
