"""Fixtures that more than one folder of tests uses."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def lab_root() -> Path:
    """The checkout."""
    return Path(__file__).parent.parent
