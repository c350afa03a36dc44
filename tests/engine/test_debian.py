"""Where a base comes from, and what is said where none can be made."""

import json
from pathlib import Path

import pytest

from lab.engine import debian
from lab.errors import EnvironmentRefusedError

_TARGETS = """\
bookworm-updates main http://mirror.example/debian/
bookworm contrib http://mirror.example/debian/
bookworm main http://mirror.example/debian/
bookworm-security main http://mirror.example/debian-security/
"""


def test_the_mirror_is_apts_own() -> None:
    """Of the release itself, and of the component main."""
    assert debian.mirror_of(_TARGETS, "bookworm") == "http://mirror.example/debian"
    with pytest.raises(EnvironmentRefusedError, match="apt has no source for trixie main"):
        debian.mirror_of(_TARGETS, "trixie")


def test_packages_are_names_and_versions() -> None:
    """Of what dpkg-query prints; one that is known and not installed has no version."""
    listed = "gcc\t4:12.2.0-3\nlibc6:amd64\t2.36-9+deb12u10\nunknown\t\n"

    assert dict(debian.packages_of(listed)) == {"gcc": "4:12.2.0-3", "libc6:amd64": "2.36-9+deb12u10"}


def test_half_a_base_is_none(tmp_path: Path) -> None:
    """Nothing there, another format, no tree, and then a whole one."""
    folder = tmp_path / "bases/debian"
    whole = {"format": 1, "key": "base-x", "suite": "bookworm", "packages": {"gcc": "1"}}

    found = [debian.kept(tmp_path)]
    folder.mkdir(parents=True)
    for record, has_root in ((whole | {"format": 9}, False), (whole, False), (whole, True)):
        (folder / "base.json").write_text(json.dumps(record))
        if has_root:
            (folder / "root").mkdir()
        found.append(debian.kept(tmp_path))

    assert found[:3] == [None, None, None]
    assert found[3] is not None
    assert (found[3].tree.at, found[3].packages) == ("/", {"gcc": "1"})


def test_without_debootstrap_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a word of a missing file."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: None)

    with pytest.raises(EnvironmentRefusedError, match="debootstrap is not installed") as caught:
        debian.make(tmp_path, print)

    assert caught.value.hint == "apt-get install debootstrap"
