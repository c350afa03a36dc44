"""The simulated twins of go_templates/validate/programs: a file each, in development/ or, never run but by validate, in held_out/."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lab.sim import Body, G, load

HERE = Path(__file__).parent


@cache
def twin(program: str) -> Mapping[str, Any]:
    """What the file of a program's twin defines."""
    (path,) = (
        HERE / kept / f"{program}.py"
        for kept in ("development", "held_out")
        if (HERE / kept / f"{program}.py").exists()
    )
    return load(path)


def settings(given: str) -> Mapping[str, int]:
    """``rounds=100+cap=1``; ``standard`` sets nothing."""
    pairs = [] if given == "standard" else [entry.split("=") for entry in given.split("+")]
    return {name: int(value) for name, value in pairs}


def main(g: G, *, program: str = "pingpong", given: str = "standard") -> Body:
    """The program, and how long it took with its inits."""
    yield from twin(program)["main"](g, **settings(given))
    g.observe("wall_ns", g.now())


def inits(params: Mapping[str, Any]) -> Sequence[Callable[[G], Body]]:
    """The inits of the program."""
    found: Sequence[Callable[[G], Body]] = twin(str(params["program"])).get("INITS", ())
    return found
