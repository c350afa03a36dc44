"""An engine's address: whether somebody listens there, and whether that is on this machine."""

from __future__ import annotations

import grp
import os
import socket
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lab.errors import EngineUnavailableError

_JOIN: Final = "add the user to the group {group}, which gives rights like root's"
_MEMINFO: Final = Path("/proc/meminfo")


def knock(url: str) -> None:
    """Ask a local socket for what the SDK's own error would bury."""
    scheme, _, path = url.partition("://")
    if scheme != "unix":
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except PermissionError:
            raise EngineUnavailableError(
                f"an engine is at {url}, but this user may not use it",
                hint=_how_to_be_let_in(Path(path)),
            ) from None
        except ConnectionRefusedError:
            raise EngineUnavailableError(f"no engine listens at {url}: the socket is a dead one's") from None
        except OSError as error:
            raise EngineUnavailableError(f"no engine is at {url}: {error.strerror or error}") from None


def _how_to_be_let_in(path: Path) -> str:
    """By the group that the socket is open to, which is not docker's everywhere."""
    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):  # a folder above it is shut, or nobody knows the group's name
        group = "root"
    return "run golab as root" if group == "root" else f"{_JOIN.format(group=group)}, or run golab as root"


def host_of(url: str) -> str:
    """The host that *url* names; empty for a local socket, and for what is no address."""
    try:
        return urllib.parse.urlsplit(url).hostname or "" if not url.startswith("unix:") else ""
    except ValueError:
        return ""


def elsewhere(said: Mapping[str, Any], *, kernel: str | None = None, memory_bytes: int | None = None) -> str:
    """What shows that the engine that *said* so runs on another machine than this; empty if nothing does.

    A virtual machine of its own, as Docker Desktop has, is another machine. *kernel* and *memory_bytes* are this machine's.
    """
    kernel = kernel or os.uname().release
    memory_bytes = memory_bytes or _memory()
    signs = []
    if said.get("kernel") not in {None, kernel}:
        signs.append(f"kernel {said['kernel']}, here {kernel}")
    if memory_bytes and said.get("memory_bytes") not in {None, memory_bytes}:
        signs.append(f"{said['memory_bytes']} bytes of memory, here {memory_bytes}")
    host = host_of(str(said.get("url", "")))
    if host and not is_here(host):
        signs.append(f"{host} is no address of this machine's")
    return "; ".join(signs)


def is_here(host: str) -> bool:
    """Whether *host* is one of this machine's own addresses: only those can be bound."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # UnicodeError: no name at all
        return False
    return any(_can_be_bound(family, address) for family, _, _, _, address in found)


def _can_be_bound(family: int, address: Any) -> bool:  # noqa: ANN401 - another tuple for each family
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _memory() -> int | None:
    try:
        line = next(line for line in _MEMINFO.read_text().splitlines() if line.startswith("MemTotal:"))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) << 10
