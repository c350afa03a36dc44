"""The record of the faults, a line each: what it has is not done again, unless a promise was broken then.

Format 2 has beside what was hit what had been asked for, how many phases a run has, and how long agents wait. What was made in format 1 has been rewritten
as far as it is known, and says so in its first line (``made_in``): nobody knows how many phases a run on a real engine had.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lab import __version__

if TYPE_CHECKING:
    from tests.faults.inside import Blow
    from tests.faults.settings import Setting

FORMAT: Final = 2
Line = Mapping[str, Any]
"""As :meth:`tests.faults.fault.Injected.as_json` makes it."""
Key = tuple[str, str, str, str | int]
"""Engine, scenario, fault; and the point that was asked for, or the phase, where any point of it would do."""


class RecordError(Exception):
    """A record that cannot be read, or gone on with."""


def key(setting: "Setting", blow: "Blow") -> Key:
    """What a fault will be known by."""
    asked = blow.phase if blow.point is None else blow.point
    return setting.engine, setting.scenario, blow.fault.value, asked


def opened(record: Path | None) -> Sequence[Line]:
    """What a record has that is to be gone on with; nothing where there is none yet. Half a line at its end is cut off.

    RecordError where it is of another format, or no record at all, or cannot be where it is asked for.
    """
    if record is None:
        return ()
    if not record.exists():
        if not record.parent.is_dir():
            raise RecordError(f"{record}: there is no folder {record.parent}")
        return ()
    content = record.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    _, lines = parsed(whole.decode(errors="replace"), str(record))
    if len(whole) < len(content):
        os.truncate(record, len(whole))
    return lines


def parsed(text: str, name: str) -> tuple[Line, Sequence[Line]]:
    """The first line of a record, which says what it is made with, and the others. RecordError where that is no record of this format."""
    try:
        head, *lines = map(json.loads, text.splitlines())
        found = head["format"]
    except (ValueError, TypeError, KeyError):
        raise RecordError(f"{name}: is no record of faults") from None
    if found != FORMAT:
        raise RecordError(
            f"{name}: is a record of format {found}, and this is {FORMAT}: have another one made"
        )
    return head, lines


def counted(lines: Sequence[Line]) -> list[Line]:
    """Those that count: one that tells of a broken promise does until the same fault was done again."""
    last = {_asked(line): line for line in lines}
    return [line for line in lines if not line["wrong"] or last[_asked(line)] is line]


def done(lines: Sequence[Line]) -> set[Key]:
    """Which faults need not be done again. A kill that was asked for at a point is one in its phase, too."""
    well = [line for line in lines if not line["wrong"]]
    ill = {_asked(line) for line in counted(lines) if line["wrong"]}
    return {*map(_asked, well), *map(_in_phase, well)} - ill


def keep(record: Path, lines: Iterable[Line]) -> None:
    """Append lines; the first of all says what the record is made with."""
    fresh = not record.exists()
    with record.open("a") as file:
        if fresh:
            file.write(json.dumps({"format": FORMAT, **_made_with()}) + "\n")
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _asked(line: Line) -> Key:
    point = line["asked_point"]
    return _in_phase(line) if point is None else (line["engine"], line["scenario"], line["fault"], point)


def _in_phase(line: Line) -> Key:
    return line["engine"], line["scenario"], line["fault"], line["asked_phase"]


def _made_with() -> Line:
    docker = ""
    if shutil.which("dockerd"):
        release = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=False)
        docker = release.stdout.removeprefix("Docker version ").partition(",")[0]
    return {
        "golab": __version__,
        "Python": platform.python_version(),
        "Linux": os.uname().release,
        "Docker": docker,
    }
