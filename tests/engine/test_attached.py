"""What both engines' containers say when their agent does not."""

import pytest

from lab.engine.attached import Attached
from lab.errors import MeasurementError


def test_lines_go_out_with_a_newline() -> None:
    """The agent reads lines; who sends one leaves the newline to us."""
    written: list[bytes] = []
    Attached("sha256:1", write=written.append, why_gone=str).send(b"{}")

    assert written == [b"{}\n"]


def test_the_end_says_why() -> None:
    """The last words on standard error and what the engine knows stand in the error."""
    attached = Attached("sha256:1", write=len, why_gone=lambda: "it ended with exit code 3")
    attached.said.feed(b"wire 2 is not mine\n")
    attached.lines.end()

    with pytest.raises(
        MeasurementError, match="the agent is gone: it ended with exit code 3; it said: wire 2 is not mine"
    ):
        attached.receive(1)


def test_a_broken_pipe_is_a_measurement_error() -> None:
    """The thread that beats must not die of an OSError."""

    def broken(_line: bytes) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(MeasurementError, match="cannot be written to"):
        Attached("sha256:1", write=broken, why_gone=str).send(b"{}")
