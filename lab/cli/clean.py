"""``golab clean``: remove what golab made; records never."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.runs import Results

if TYPE_CHECKING:
    from lab.engine.sweeping import Swept


def clean(
    context: typer.Context,
    *,
    cache: Annotated[
        bool, typer.Option("--cache", help="Go releases, binaries, build caches, bases, too.")
    ] = False,
    calibrations: Annotated[
        bool, typer.Option("--calibrations", help="This user's calibrations, too.")
    ] = False,
    results: Results = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Put back and remove what dead runs left, on the machine and in its engines; with options also what is kept.

    Records are never removed, nor a cache while a golab measures.
    """
    from lab.cleaning import cleaned, of_own_engine
    from lab.host.lock import measuring
    from lab.model.units import rounded_bytes
    from lab.pipeline import cache_folder, open_store
    from lab.shelf import users_shelf

    with contextlib.ExitStack() as stack:
        if cache and not dry_run:  # a run has folders in it, and knows which images its engine has
            stack.enter_context(measuring(typer.echo, wait=False, instead="leave --cache out"))
        for line in itertools.chain(
            cleaned(cache_folder(), open_store(context.obj, results).root, dry=dry_run),
            of_own_engine(os.environ, dry=dry_run),
            _leftovers(cache_folder(), with_volumes=cache, dry=dry_run),
        ):
            typer.echo(line)
        for asked, option, folder in (
            (cache, "--cache", cache_folder()),
            (calibrations, "--calibrations", users_shelf().folder),
        ):
            size = _size(folder)
            if asked and folder.exists() and dry_run:
                typer.echo(f"{folder} is to be removed: {rounded_bytes(size)}")
            elif asked and folder.exists():
                shutil.rmtree(folder)
                typer.echo(f"removed {folder}: {rounded_bytes(size)}")
            elif size:
                typer.echo(f"kept {folder}: {rounded_bytes(size)}; golab clean {option} removes it")


def _leftovers(folder: Path, *, with_volumes: bool, dry: bool) -> Iterator[str]:
    """Containers, volumes and images of dead runs, and with the caches the engine's own: in every engine that answers, each once.

    Of those that do not only DOCKER_HOST's is told, which somebody asked for, and where there is none at all, the last. One that answers and
    then does not hinders none of the others.
    """
    from lab.engine import docker
    from lab.engine.choose import everywhere
    from lab.errors import EngineUnavailableError, EnvironmentRefusedError
    from lab.host.owner import Owner

    owner = Owner.of_this_process("clean")
    asked, why, seen = os.environ.get("DOCKER_HOST"), "", set[tuple[str, str]]()
    for url in everywhere(os.environ):
        try:
            client = docker.connect(os.environ if url == asked else {}, url)
        except EngineUnavailableError as error:
            why = f"no engine to look for leftovers in ({error})"
            if url == asked:
                yield why
            continue
        engine = docker.DockerEngine(client, url=url, cache=folder, owner=owner)
        with contextlib.closing(engine):
            try:
                if (identity := docker.identity(client)) in seen:
                    continue
                seen.add(identity)
                swept = docker.sweep(client, owner, dry=dry)
                kept = engine.forget(dry=dry) if with_volumes else []
            except EnvironmentRefusedError as error:
                seen.add((url, ""))
                yield f"leftovers in the engine at {url} stay: {error.in_full}"
                continue
            yield from _told(url, swept, kept, dry=dry)
    if not seen and not asked:
        yield why


def _told(url: str, swept: Swept, kept: Sequence[str], *, dry: bool) -> Iterator[str]:
    from lab.cleaning import unjudged
    from lab.engine.choose import counted

    if dry:
        named = ", ".join([*swept.removed, *kept])
        yield f"to be removed from the engine at {url}: {named or 'nothing, nothing was left'}"
    else:
        removed = [f"{counted(swept.removed)} of dead runs"] if swept.removed else []
        removed += [f"{len(kept)} volumes and images"] if kept else []
        yield f"removed from the engine at {url}: {', '.join(removed) or 'nothing, nothing was left'}"
    yield from swept.stuck
    yield from map(unjudged, swept.foreign)


def _size(folder: Path) -> int:
    if not folder.exists():
        return 0
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
