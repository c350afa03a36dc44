"""``golab engine``: a private container engine, and the base for builds that need a C compiler."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lab.cli.catalogue import AsJson

if TYPE_CHECKING:
    from lab.engine.daemon import Status

app = typer.Typer(
    help="A private container engine: up, down, status; a base with compilers.", no_args_is_help=True
)

_DOWN: Final = 4


@app.command()
def up(*, as_json: AsJson = False) -> None:
    """Start golab's own container engine, beside any other; it stays until `golab engine down`."""
    from lab.engine import daemon

    _show(daemon.up(daemon.places(os.environ), _say), as_json=as_json)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Whether golab's own engine is up, and where; exit code 4 if it is not."""
    from lab.engine import daemon

    at = daemon.places(os.environ)
    found = daemon.status(at)
    if found is not None:
        _show(found, as_json=as_json)
        return
    if as_json:
        typer.echo(json.dumps({"up": False, "socket": str(at.socket), "data_root": str(at.data)}))
    else:
        down = "golab's own engine is down; to start it, as root: golab engine up"
        typer.echo(daemon.why_not(at) or down)
    raise typer.Exit(_DOWN)


@app.command()
def down(*, as_json: AsJson = False) -> None:
    """Stop golab's own engine and remove everything it made (images, volumes, containers), unless a golab uses it."""
    from lab.engine import daemon

    removed = daemon.down(daemon.places(os.environ), _say)
    if as_json:
        typer.echo(json.dumps({"removed": removed}))
        return
    typer.echo(f"removed: {', '.join(removed)}" if removed else "there was no engine of golab's own")


@app.command()
def base(
    *,
    renew: Annotated[
        bool, typer.Option("--renew", help="Make it anew, from what the mirror has today.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a Debian with C and C++ compilers for builds that need them, from apt's own sources (40 s, root)."""
    from lab.engine import debian
    from lab.pipeline import cache_folder

    found = None if renew else debian.kept(cache_folder())
    found = found or debian.make(cache_folder(), _say)
    if as_json:
        typer.echo(
            json.dumps({"base": found.tree.key, "suite": found.suite, "packages": dict(found.packages)})
        )
        return
    typer.echo(f"{found.tree.key}: Debian {found.suite}, {len(found.packages)} packages, {found.tree.path}")


def _show(found: Status, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"up": True} | asdict(found)))
        return
    typer.echo(
        f"engine {found.version} is up, pid {found.pid}, at unix://{found.socket}, data in {found.data_root}"
    )
    if found.storage_driver == "vfs":
        typer.echo(
            "note: its data root's file system cannot be overlaid, so images are copied (vfs): slow", err=True
        )


def _say(words: str) -> None:
    typer.echo(words, err=True)
