"""What performing an operation gives when it gives no result."""

from __future__ import annotations

from typing import Final

STOPPED: Final = object()
"""The G no longer runs on this M: it parked, was preempted, or lost its P."""
