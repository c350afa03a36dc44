"""What performing an operation gives when it gives no result."""

from __future__ import annotations

from typing import Final

STOPPED: Final = object()
"""The G no longer runs on this M: it parked, was preempted, or lost its P."""
LASTS: Final = object()
"""Simulated time passes before there is a result: the M's ``steps`` have to be taken first."""


class GoPanicError(BaseException):
    """A panic of the simulated program, or a fatal error of its runtime, in Go's words; no program recovers from it."""
