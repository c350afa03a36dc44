"""The overlay of the instrument sched fits Go's sources, alone and beside each that a scenario has."""

import re
import subprocess
from pathlib import Path

import pytest

from lab.golang import toolchain
from lab.golang.overlay import overlaid
from lab.manifest.building import load_overlay
from lab.model.instrument import ATTACHMENTS, SCHED

pytestmark = pytest.mark.go

_ALWAYS = ("1.22.10", "1.24.11", "1.27.3")
"""Releases that other tests fetch as well; the others are looked at wherever somebody has fetched them."""
_DECLARED = re.compile(r"^(?:func|var|const|type) (golab\w*)|^\t(golab\w*) +(?:= iota|//)", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("other", ["", "counters", "stamps", "program"])
def test_it_fits_every_release_that_is_here(lab_root: Path, cache: Path, other: str) -> None:
    """Each anchor stands once in each release's runtime, and no name of golab's is declared twice in it."""
    folders = [lab_root / "go_templates/overlays"]
    overlays = [load_overlay(folders, name) for name in (other, ATTACHMENTS[SCHED].overlay) if name]
    here = {*_ALWAYS, *toolchain.fetched(cache)}
    for overlay in overlays:
        here &= set(overlay.releases)

    assert here >= set(_ALWAYS)
    for release in sorted(here):
        found = overlaid(overlays, toolchain.fetch(release, cache, print))
        proc = found["runtime/proc.go"].decode()
        assert [proc.count(f"\t{name}()\n") for name in ("golabSample", "golabLastSample")] == [1, 2]
        runtimes = [text.decode() for path, text in found.items() if path.startswith("runtime/")]
        declared = [name or other for text in runtimes for name, other in _DECLARED.findall(text)]
        assert len(declared) == len(set(declared))


def test_the_ps_are_walked_under_their_lock(lab_root: Path) -> None:
    """No stopped world keeps sysmon, which has no P, from them: a list that is just being changed, Ps that are not made yet."""
    overlay = load_overlay([lab_root / "go_templates/overlays"], ATTACHMENTS[SCHED].overlay)
    text = "\n".join([*(edit.text for edit in overlay.edits), *overlay.files.values()])
    code = re.sub(r"//.*", "", text)

    locked = code[code.index("lock(&allpLock)") : code.index("unlock(&allpLock)")]
    assert locked.count("range allp ") == code.count("allp ") == 1
    assert "pp != nil" in locked
    assert "gcount(" not in code


def test_its_own_file_is_as_gofmt_has_it(lab_root: Path, go_binary: Path) -> None:
    """A source of Go's like any other."""
    overlay = load_overlay([lab_root / "go_templates/overlays"], ATTACHMENTS[SCHED].overlay)
    source = overlay.files["runtime/golab_sched.go"]

    done = subprocess.run(
        [go_binary.with_name("gofmt")], input=source, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == source.strip()
