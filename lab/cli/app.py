"""The typer application, and the one place where an error becomes words and an exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
from pathlib import Path
from typing import Annotated

import typer

from lab import __version__
from lab.cli import (
    catalogue,
    claims,
    clean,
    compare,
    completion,
    doctor,
    dump,
    engine,
    export,
    foresight,
    matrix,
    program,  # noqa: F401 - adds its command to `run`
    report,
    resume,
    run,
    runs,
    sim,
    validate,
)
from lab.cli.streams import outlive_terminals
from lab.errors import LabError
from lab.host.interruption import interrupted_alike
from lab.report.text import printable, shortened

_INTERRUPTED = 130
_BUG = 70
_REFUSED = 4
_SHOWN = 500
"""Characters of a message that is not ours."""
_LINE = 2000
"""Characters of a line that is read: what somebody gave us may be a megabyte long."""
_REMEDIES = {
    errno.ENOSPC: "make room on that disk, or name a folder on another",
    errno.EDQUOT: "make room within this user's quota, or name a folder on another disk",
    errno.EACCES: "name a folder that this user may use",
    errno.EPERM: "name a folder that this user may use",
    errno.EROFS: "name a folder that can be written",
    errno.EMFILE: "allow more open files: ulimit -n 4096",
}
"""What helps against an error of the machine's that no command has words of its own for."""

app = typer.Typer(
    name="golab",
    help="What blocks a Go program, for how long, and could it have been predicted?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(run.app, name="run")
app.add_typer(matrix.app, name="matrix")
app.add_typer(engine.app, name="engine")
app.command("sim")(sim.sim)
app.command("doctor")(doctor.doctor)
app.command("predict")(foresight.predict)
app.command("calibrate")(foresight.calibrate)
app.command("validate")(validate.validate)
app.command("list")(catalogue.list_scenarios)
app.command("show")(catalogue.show)
app.command("clean")(clean.clean)
app.command("render")(catalogue.render)
app.command("runs")(runs.runs)
app.command("resume")(resume.resume)
app.command("claims")(claims.claims)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("dump")(dump.dump)
app.command("schema")(catalogue.schema)


def _version(value: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if value:
        typer.echo(f"golab {__version__} ({', '.join(_below())})")
        raise typer.Exit


def _below() -> list[str]:
    """What golab stands on, with versions."""
    from importlib.metadata import version

    from lab.golang.toolchain import DEFAULT_RELEASE

    parts = [f"{name} {version(name)}" for name in ("simpy", "scipy", "docker", "typer", "jinja2")]
    return [f"Python {platform.python_version()}", *parts, f"Go {DEFAULT_RELEASE} by default"]


@app.callback()
def options(
    context: typer.Context,
    root: Annotated[
        Path | None,
        typer.Option(help="The folder with scenarios/ and go_templates/ (default: the nearest above)."),
    ] = None,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that every command has."""
    context.obj = root
    if debug:
        os.environ["GOLAB_DEBUG"] = "1"


def main() -> None:
    """Run the command line; on an error say what is wrong and what to do, and exit with its code."""
    outlive_terminals()
    try:
        try:
            with interrupted_alike(), completion.joined(os.environ):
                app()
        finally:
            sys.stdout.flush()  # a full disk is to be found out here, where it can be said
    except LabError as error:
        _complain(error, str(error), error.hint, error.exit_code)
    except KeyboardInterrupt:
        typer.echo("golab: interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say, and nobody to say it to.
        _print_no_more()
        sys.exit(_BUG)
    except OSError as error:
        _print_no_more()
        place = f"{str(error.filename)[:_SHOWN]}: " if error.filename else _place_of(error)
        remedy = _REMEDIES.get(error.errno or 0, "golab --debug … shows where it happened")
        _complain(error, f"{place}{error.strerror or error}", remedy, _REFUSED)
    except Exception as error:  # noqa: BLE001 - whatever it is, a user reads a sentence
        said = f"a bug in golab: {type(error).__name__}: {error}"
        _complain(error, said[:_SHOWN], "please report it, with what golab --debug … prints", _BUG)


def _place_of(error: OSError) -> str:
    """Where a write failed that names no file: as good as always it is what we print."""
    return "what golab prints: " if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO} else ""


def _print_no_more() -> None:
    """What Python still holds for stdout goes nowhere, or it would fail again at the exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(error: Exception, words: str, hint: str | None, code: int) -> None:
    """What is wrong and what to do, or with --debug the traceback."""
    if os.environ.get("GOLAB_DEBUG"):
        raise error
    typer.secho(f"golab: {shortened(printable(words), _LINE)}", fg="red", err=True)
    if hint:
        typer.echo(f"  hint: {shortened(printable(hint), _LINE)}", err=True)
    sys.exit(code)
