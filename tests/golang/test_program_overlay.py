"""The overlay of users' programs fits Go's sources: those of all releases that are there, and of these in any case."""

import subprocess
from pathlib import Path

import pytest

from lab.golang import module, toolchain
from lab.golang.overlay import overlaid
from lab.manifest.building import load_overlay
from lab.manifest.guest import OVERLAY

pytestmark = pytest.mark.go

_ALWAYS = ("1.22.10", "1.24.11", "1.27.3")
"""Releases that other tests fetch as well; the others are looked at wherever somebody has fetched them."""


@pytest.mark.slow
def test_it_fits_every_release_that_is_here(lab_root: Path, cache: Path) -> None:
    """Each anchor stands once in each release's runtime."""
    overlay = load_overlay([lab_root / "go_templates/overlays"], OVERLAY)
    here = {*_ALWAYS, *toolchain.fetched(cache)} & set(overlay.releases)

    for release in sorted(here):
        found = overlaid([overlay], toolchain.fetch(release, cache, print))
        proc = found["runtime/proc.go"].decode()
        assert [proc.count(f"\t{name}") for name in ("golabBegin()", "golabEnd()", "golabInit(")] == [1, 2, 2]
        assert b"func golabInit(" in found["runtime/golab.go"]


def test_its_own_file_is_as_gofmt_has_it(lab_root: Path, go_binary: Path) -> None:
    """A source of Go's like any other."""
    overlay = load_overlay([lab_root / "go_templates/overlays"], OVERLAY)
    source = overlay.files["runtime/golab.go"]

    done = subprocess.run(
        [go_binary.with_name("gofmt")], input=source, capture_output=True, text=True, check=True
    )

    assert done.stdout == source


def test_it_is_made_for_every_release_that_a_user_may_choose(lab_root: Path) -> None:
    """From the oldest to the newest that golab can fetch."""
    overlay = load_overlay([lab_root / "go_templates/overlays"], OVERLAY)

    assert set(overlay.releases) == {
        release for release in toolchain.WHEELS if toolchain.ordered(release) >= module.OLDEST
    }
