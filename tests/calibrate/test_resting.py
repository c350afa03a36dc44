"""Whether a machine is at rest before it is calibrated."""

from collections.abc import Sequence

import pytest

from lab.calibrate.resting import rest


def _rested(pressures: Sequence[float | None], seconds: float) -> tuple[list[str], float]:
    """What was said, and for how long it was waited."""
    said: list[str] = []
    slept: list[float] = []
    looks = iter(pressures)
    rest(seconds, said.append, pressure=lambda: next(looks), sleep=slept.append)
    return said, sum(slept)


@pytest.mark.parametrize("pressure", [None, 0.0, 5.0])
def test_at_rest_nothing_is_said(pressure: float | None) -> None:
    """Nor where the kernel does not tell."""
    assert _rested([pressure], 60) == ([], 0)


def test_it_waits_until_others_are_done() -> None:
    """And says once for what."""
    said, slept = _rested([80, 60, 20, 1], 60)

    assert slept == 6
    (only,) = said
    assert only.startswith(
        "the machine is busy: in 80 % of the last ten seconds something waited for a CPU; waiting"
    )
    assert only.endswith("for at most 60 s until it comes to rest")


def test_it_does_not_wait_for_ever() -> None:
    """It goes on, and says what that means; at once where no waiting was asked for."""
    said, slept = _rested([80] * 9, 4)
    at_once, _ = _rested([7.5], 0)

    assert slept == 4
    assert said[-1].endswith("what is measured now will be vague, or refused")
    assert len(at_once) == 1
    assert at_once[0].startswith("the machine is busy: in 7.5 % of the last ten seconds")
