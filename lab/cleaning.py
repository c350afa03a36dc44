"""What dead golabs left on this machine: put back and removed, or only said. What is in an engine, that engine sweeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lab.engine import daemon
from lab.errors import EnvironmentRefusedError
from lab.host import scratch, undo
from lab.hosting import journal_of
from lab.shelf import users_shelf
from lab.store import Store


def cleaned(cache: Path, results: Path | None, *, dry: bool) -> Iterator[str]:
    """A line for each: what is changed, what lies in *cache*, in the folder for temporary files, and among and in the records in *results*."""
    book = journal_of("clean")
    places = [*scratch.places(cache), users_shelf().folder, book.folder]
    if results:
        places += [results, *(place for run in Store(results).runs() for place in run.places)]
    if dry:
        yield from map(undo.foretold, undo.left(book))
        yield from (f"{path} is to be removed" for path in scratch.left(places))
    else:
        yield from undo.recover(book)
        yield from map(scratch.remove, scratch.left(places))
    yield from (unjudged(str(path)) for path in scratch.foreign(places))


def of_own_engine(environ: Mapping[str, str], *, dry: bool) -> Iterator[str]:
    """A line about what golab's own engine has left running and mounted, if that lives no more; its folder is where *environ* says."""
    at = daemon.places(environ)
    try:
        found = daemon.clear(at, dry=dry)
    except EnvironmentRefusedError as error:
        yield f"golab's own engine in {at.folder} lives no more, and {error.in_full}"
        return
    if found:
        what = "to be ended of what it left" if dry else "ended of what it left"
        yield f"golab's own engine in {at.folder} lives no more; {what}: {', '.join(found)}"


def unjudged(name: str) -> str:
    """What is said of a thing of that *name* whose golab may live where nobody here can see it."""
    return f"{name} stays: its golab is of another machine or pid namespace, and cannot be seen from here; if it lives no more, remove this by hand"
