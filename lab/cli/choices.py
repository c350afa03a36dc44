"""The options by which a user chooses cells, the same for every command that has cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli import completion
from lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.bench.selection import Request

Gomaxprocs = Annotated[
    str | None,
    typer.Option(
        help="Levels of GOMAXPROCS, such as auto,1,2.",
        show_default=False,
        autocompletion=completion.of_factor("gomaxprocs"),
    ),
]
Releases = Annotated[
    str | None,
    typer.Option(
        "--go",
        help="Go releases, such as 1.27.3,1.24.11.",
        show_default=False,
        autocompletion=completion.of_factor("go"),
    ),
]
Quotas = Annotated[
    str | None,
    typer.Option(
        "--quota",
        help="CPU quotas, in CPUs' worth of time, such as 0.5,1.5.",
        show_default=False,
        autocompletion=completion.of_factor("quota"),
    ),
]
Cpusets = Annotated[
    str | None,
    typer.Option(
        "--cpuset",
        help="CPUs to use, such as 0,0-1,0+2.",
        show_default=False,
        autocompletion=completion.of_factor("cpuset"),
    ),
]
Memories = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="Memory limits, such as 64MiB,1GiB.",
        show_default=False,
        autocompletion=completion.of_factor("memory"),
    ),
]
Settings = Annotated[
    str | None,
    typer.Option(
        "--godebug",
        help="GODEBUG settings, such as asyncpreemptoff=1.",
        show_default=False,
        autocompletion=completion.of_factor("godebug"),
    ),
]
TransparentHugePages = Annotated[
    str | None,
    typer.Option(
        "--thp",
        help="Levels of the scenario's own factor thp; for always see --tune-host.",
        show_default=False,
        autocompletion=completion.of_factor("thp"),
    ),
]
HugePages = Annotated[
    str | None,
    typer.Option(
        "--hugepages",
        help="Levels of the scenario's own factor hugetlb, such as none,pool; see --tune-host.",
        show_default=False,
    ),
]
Folders = Annotated[
    str | None,
    typer.Option(
        "--fs",
        help="What the working folder lies on: tmpfs,bind,host,overlay:N,overlay-mount:N.",
        show_default=False,
        autocompletion=completion.of_factor("fs"),
    ),
]
With = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="Instruments, sched,dump: for each chosen cell another that they look at.",
        show_default=False,
        autocompletion=completion.of_factor("with"),
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="NAME=V1,V2: levels of one of the scenario's factors.",
        show_default=False,
        autocompletion=completion.levels,
    ),
]
Base = Annotated[
    str,
    typer.Option(
        metavar="auto|golab|IMAGE",
        help="What programs are built on: golab is the Debian that `golab engine base` makes; or any image of the engine.",
    ),
]
TuneHost = Annotated[
    bool,
    typer.Option(
        "--tune-host",
        help="Change settings of the whole machine where cells need it, for as long as the run lasts.",
    ),
]
Calibrates = Annotated[
    bool,
    typer.Option("--calibrate/--no-calibrate", help="Measure first what is missing of this machine's costs."),
]
Costs = Annotated[
    str,
    typer.Option(
        "--costs",
        metavar="auto|packaged|FILE",
        help="What the prediction rests on: this machine's calibration, else packaged.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        help="Only cells whose id matches this pattern.", show_default=False, autocompletion=completion.cells
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        help="Not the cells whose id matches this pattern.",
        show_default=False,
        autocompletion=completion.cells,
    ),
]


def request(
    *,
    given: Mapping[str, str | None],
    sets: list[str] | None,
    only: list[str] | None,
    skip: list[str] | None,
    quick: bool = False,
    tuned: bool = False,
) -> Request:
    """The user's choice of cells; *given* has, by factor, what an option of its own says.

    UsageError for a ``--set`` without a name or a value.
    """
    from lab.bench.selection import Request
    from lab.model.matrix import Selector

    lists = dict(given)
    for entry in sets or ():
        name, equals, values = entry.partition("=")
        if not (name and equals and values):
            raise UsageError(f"--set {entry!r} is not NAME=VALUE", hint="for example --set size=64MiB,256MiB")
        if lists.get(name) is not None:
            raise UsageError(
                f"--set {name}=… is given twice", hint=f"write --set {name}={lists[name]},{values}"
            )
        lists[name] = values
    return Request(
        lists={name: _items(name, text) for name, text in lists.items() if text is not None},
        selector=Selector(only=tuple(only or ()), skip=tuple(skip or ())),
        quick=quick,
        tuned=tuned,
    )


def _items(name: str, text: str) -> tuple[str, ...]:
    items = tuple(item.strip() for item in text.split(","))
    if not all(items):
        raise UsageError(f"{name}={text!r} has an empty entry", hint="separate levels by single commas")
    return items
