"""Other sources for a build: copies of a release's files with edits in them, shown to ``go build`` by ``-overlay``.

Nothing of the release itself is changed. An edit finds its place by an anchor, text that must stand in the file exactly once: where
a release's source has moved, the build fails and says so, and nothing is stamped at a place that nobody looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lab.errors import BuildError
from lab.golang.toolchain import Toolchain, ordered
from lab.model.building import Edit, Overlay

FOLDER: Final = ".golab-overlay"
"""Where in a job's folder the other sources lie; a folder whose name begins with a dot is no package."""
LIST: Final = ".golab-overlay.json"
"""The file that ``-overlay`` is given."""


def overlaid(overlays: Sequence[Overlay], toolchain: Toolchain) -> Mapping[str, bytes]:
    """The sources as all *overlays* together have them, by their path below the release's ``src``; none without one.

    BuildError where an anchor is not there, or more than once, or where an overlay was not made for the release.
    """
    found: dict[str, bytes] = {}
    for overlay in overlays:
        if toolchain.release not in overlay.releases:
            raise BuildError(
                f"the overlay {overlay.name} was not made for Go {toolchain.release}",
                hint=f"it fits Go {', '.join(overlay.releases)}",
            )
        found |= {path: text.encode() for path, text in overlay.files.items()}
        for path, edits in _by_file(overlay, toolchain.release).items():
            source = _source(overlay, toolchain, path)
            before = found[path].decode() if path in found else source
            refused = f"the overlay {overlay.name} does not fit Go {toolchain.release}"
            found[path] = _edited(source, before, edits, refused).encode()
    return found


def listing(paths: Iterable[str]) -> str:
    """The file that ``-overlay`` is given, its places still in braces."""
    replaced = {f"{{tree}}/src/{path}": f"{{work}}/{FOLDER}/{path}" for path in sorted(paths)}
    return json.dumps({"Replace": replaced}, indent=1)


def _by_file(overlay: Overlay, release: str) -> Mapping[str, list[Edit]]:
    edits: dict[str, list[Edit]] = {}
    now = ordered(release)
    for edit in overlay.edits:
        is_old_enough = not edit.since or ordered(edit.since) <= now
        is_young_enough = not edit.until or now < ordered(edit.until)
        if is_old_enough and is_young_enough:
            edits.setdefault(edit.file, []).append(edit)
    return edits


def _source(overlay: Overlay, toolchain: Toolchain, path: str) -> str:
    try:
        return (toolchain.tree.path / "src" / path).read_text()
    except OSError as error:
        raise BuildError(
            f"the overlay {overlay.name} does not fit Go {toolchain.release}: {path}: {error.strerror}"
        ) from None


def _edited(source: str, edited: str, edits: Iterable[Edit], refused: str) -> str:
    """*edited* with more *edits*; each looks for its anchor in the release's own *source*, so their order is of no matter elsewhere."""
    for edit in edits:
        anchor = edit.anchor.strip("\n") + "\n"
        at = f"\n{edited}".find(f"\n{anchor}")
        count = f"\n{source}".count(f"\n{anchor}")
        if count != 1 or at < 0:
            raise BuildError(
                f"{refused}: in {edit.file} these lines stand {count} times, and should stand once:\n{anchor.rstrip()}",
                hint="the runtime's source has moved: look it up in the release, and give the edit a since or an until",
            )
        text = edit.text.strip("\n") + "\n"
        new = {"before": text + anchor, "after": anchor + text, "instead": text}[edit.place]
        edited = edited[:at] + new + edited[at + len(anchor) :]
    return edited
