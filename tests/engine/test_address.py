"""Whether an engine's address is this machine's, and what shows that an engine runs on another."""

from typing import Any

import pytest

from lab.engine.address import elsewhere, host_of, is_here

_SAID: dict[str, Any] = {"url": "unix:///run/docker.sock", "kernel": "6.1.0", "memory_bytes": 1 << 30}


def _shown(**changes: Any) -> str:
    return elsewhere(_SAID | changes, kernel="6.1.0", memory_bytes=1 << 30)


def test_an_engine_on_this_machine_shows_nothing() -> None:
    """By a socket, and by this machine's own addresses."""
    assert _shown() == ""
    assert _shown(url="tcp://127.0.0.1:2375") == ""
    assert _shown(url="tcp://[::1]:2375") in {
        "",
        "::1 is no address of this machine's",
    }  # there may be no IPv6
    assert _shown(url="ssh://user@localhost") == ""


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"kernel": "6.6.87-linuxkit"}, "kernel 6.6.87-linuxkit, here 6.1.0"),
        ({"memory_bytes": 1 << 29}, "536870912 bytes of memory, here 1073741824"),
        ({"url": "tcp://192.0.2.1:2375"}, "192.0.2.1 is no address of this machine's"),
        ({"url": "ssh://user@no-such.invalid"}, "no-such.invalid is no address of this machine's"),
    ],
)
def test_each_sign_of_another_machine_is_shown(changes: dict[str, Any], sign: str) -> None:
    """Its kernel, its memory, or where it is reached."""
    assert _shown(**changes) == sign


def test_signs_are_counted_together() -> None:
    """What an engine does not say is no sign."""
    assert _shown(kernel="5", memory_bytes=1).count(";") == 1
    assert elsewhere({}) == ""


def test_an_address_may_be_anything() -> None:
    """A host, or none."""
    assert [host_of(url) for url in ("tcp://[::1", "nothing", "unix:///a", "tcp://A:1")] == [
        "", "", "", "a"
    ]  # fmt: skip
    assert is_here("127.0.0.1")
    assert not is_here("192.0.2.1")  # for documentation
    assert not is_here("x" * 300)
