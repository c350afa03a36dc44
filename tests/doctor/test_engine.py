"""What engines say of themselves, and what is told of it: answers to ``docker info`` that are kept beside this file.

tcp and rootless were recorded from engines of Docker 20.10; the others have the fields as newer engines set them.
"""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.doctor import Finding, exit_code, findings
from lab.engine.docker import described
from tests.doctor.good import GOOD

_RECORDED = Path(__file__).parent / "recorded"


def _told(name: str, url: str = "unix:///run/docker.sock", *, tls: bool = False) -> dict[str, Finding]:
    """What is found of the engine that gave the answer *name* at *url*, by subject, if it is not ok."""
    info = json.loads((_RECORDED / f"{name}.json").read_text())
    client: Any = SimpleNamespace(info=lambda: info, version=dict)
    engine = {"url": url, "tls": tls} | described(client)
    found = findings(replace(GOOD, engine=engine))
    assert exit_code(found) == ("spoils" in {each.verdict for each in found})
    return {each.subject: each for each in found if each.verdict != "ok"}


_CASES = {
    "tcp": ({}, ()),
    "rootless": (
        {"engine's rights": "note", "engine's limits": "spoils"},
        ("rootless: it runs as a user", "MemoryLimit, SwapLimit, PidsLimit, CPUSet, CPUQuota", "cgroup version 2"),
    ),
    "delegated": (
        {"engine's rights": "note", "engine's limits": "spoils", "storage driver": "spoils"},
        ("cannot limit CPUSet, CPUQuota", "Delegate=cpu cpuset", "a program in user space serves every file"),
    ),
    "containerd": (
        {"storage driver": "note", "AppArmor, SELinux": "note"},
        ("overlayfs of containerd's image store", "containerd-snapshotter", "AppArmor confines containers"),
    ),
    "stargz": (
        {"storage driver": "note", "seccomp": "note"},
        ("stargz of containerd's image store", "profile unconfined", "golab calibrate"),
    ),
    "snap": ({"AppArmor, SELinux": "spoils"}, ("which is a snap's", "no-new-privileges", "apt-get install docker.io")),
    "remapped": (
        {"engine's rights": "note", "engine's limits": "spoils", "AppArmor, SELinux": "note"},
        ("user namespaces remapped", "belong to nobody", "cannot limit SwapLimit", "swapaccount=1", "SELinux confines"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_what_an_engine_takes_away_is_told(name: str) -> None:
    """Each with a verdict, a reason and a remedy; and of an engine that takes nothing away, nothing."""
    verdicts, words = _CASES[name]

    told = _told(name)

    assert {subject: each.verdict for subject, each in told.items()} == verdicts
    assert all(each.why and each.remedy for each in told.values())
    said = " ".join(f"{each.found} {each.why} {each.remedy}" for each in told.values())
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    ("url", "tls", "told"),
    [
        ("unix:///run/docker.sock", False, False),
        ("tcp://127.0.0.1:2375", False, True),
        ("tcp://10.0.0.2:2376", True, False),
        ("ssh://somebody@machine", False, False),
    ],
)
def test_an_open_port_is_told(url: str, tls: bool, told: bool) -> None:  # noqa: FBT001 - parameters of the test
    """Without TLS whoever reaches it is root; a socket, TLS and ssh ask who it is."""
    found = _told("tcp", url, tls=tls)

    assert ("engine's address" in found) == told


def test_apparmor_that_an_engine_does_not_use_is_no_matter() -> None:
    """What counts is what the engine says of itself."""
    (found,) = (
        each for each in findings(replace(GOOD, has_apparmor=True)) if each.subject == "AppArmor, SELinux"
    )

    assert (found.verdict, found.found) == ("ok", "on, and not used by this engine")
