"""Fixtures that more than one folder of tests uses, and the choice of what runs."""

import os
from pathlib import Path

import pytest

from lab.golang import toolchain


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that need a container engine run when they are asked for."""
    parser.addoption("--run-docker", action="store_true", help="run the tests that need a container engine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the engine's tests unless --run-docker is given; then a missing engine is a failure."""
    if config.getoption("--run-docker"):
        return
    left_out = [item for item in items if item.get_closest_marker("docker")]
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
