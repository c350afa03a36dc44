"""``golab render``: a scenario's programs as files, for who wants to read or run them by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab import catalogue, manifest
from lab.bench import command, selection
from lab.errors import UsageError
from lab.workshop import render_cell


def render_to(
    root: Path | None, name: str, request: selection.Request, output: Path
) -> Iterator[tuple[Path, str]]:
    """Write the program of the first chosen cell to *output*, or of several to a folder each; say how to run each.

    UsageError where *output* holds something already.
    """
    lab = catalogue.find(root, Path.cwd())
    scenario = manifest.load(lab.manifest(name))
    cells = selection.select(scenario, request)
    if not request.lists and not request.selector.only:
        cells = cells[:1]
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} holds something already", hint="give -o a folder that is new or empty")
    for cell in cells:
        folder = output if len(cells) == 1 else output / cell.id
        for path, content in render_cell(lab, scenario, cell, cell).files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        yield folder, command.by_hand(scenario, cell)
