"""Fixtures that more than one folder of tests uses, and the choice of what runs."""

import os
from pathlib import Path

import pytest

from lab.golang import toolchain

_ASKED_FOR = {"docker": "a container engine", "browser": "a browser", "compiler": "a C++ compiler"}
"""Markers whose tests run when ``--run-MARKER`` asks for them; what they need is then a failure where it is missing."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that need more than Python and Go run when they are asked for."""
    for marker, needs in _ASKED_FOR.items():
        parser.addoption(f"--run-{marker}", action="store_true", help=f"run the tests that need {needs}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what nobody asked for."""
    unasked = [marker for marker in _ASKED_FOR if not config.getoption(f"--run-{marker}")]
    left_out = [item for item in items if any(map(item.get_closest_marker, unasked))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def lab_root() -> Path:
    """The checkout."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def cache() -> Path:
    """The user's own cache: toolchains are large, and their content is pinned."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "golab"


@pytest.fixture(scope="session")
def go_toolchain(cache: Path) -> toolchain.Toolchain:
    """The default Go release, fetched by its pin where it is not there yet."""
    return toolchain.fetch(toolchain.DEFAULT_RELEASE, cache, print)


@pytest.fixture(scope="session")
def go_binary(go_toolchain: toolchain.Toolchain) -> Path:
    """The go command of the default release."""
    return go_toolchain.tree.path / "bin" / "go"
