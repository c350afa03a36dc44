"""A scenario's templates as a Go program.

The templates are Go first, holes second: ``${ }`` and lines that begin with ``//%`` are no Go, so nothing in
a Go source can be taken for a hole. A value goes in through the filter ``go``, which writes it as a literal
of its type; it is never spliced.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import jinja2

from lab.errors import BuildError

_ARCHIVE: Final = ".txtar"
"""The ending of a template that renders to several files: how many, and by which names, its levels decide."""
_MARKER: Final = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
_ZIP: Final = ".zip"
"""The ending of a folder that renders to one archive of what is in it."""
_INTERNAL: Final = "internal/lab"
"""The Go side of the lab: rendered into every program under the same path."""


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program's files by their path in its folder. Equal ``sha256``, equal programs."""

    name: str
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def sha256(self) -> str:
        """A digest of all paths and contents."""
        return _digest(self.files)

    @property
    def source_sha256(self) -> str:
        """The digest without the ``go`` line of go.mod: what two releases' runs are compared under."""
        lines = self.files["go.mod"].splitlines(keepends=True)
        bare = b"".join(line for line in lines if not line.startswith(b"go "))
        return _digest({**self.files, "go.mod": bare})


def render_program(
    templates: Path, scenario: str, *, tools: Path, go_line: str, values: Mapping[str, int | str]
) -> GoProgram:
    """The program of *scenario* with *values* as its flags' defaults and typed constants.

    *templates* holds the scenario's folder, *tools* the Go side of the lab, which goes into every program.
    BuildError names the template and the line where a template is wrong.
    """
    context = {"module": f"golab/{scenario}", "go_line": go_line, "defaults": SimpleNamespace(**values)}
    own = _rendered(templates / scenario, "", context)
    return GoProgram(scenario, {**own, **_verbatim(tools / _INTERNAL, f"{_INTERNAL}/")})


def read_program(templates: Path, name: str) -> GoProgram:
    """A program of the lab's own that has no holes, such as the agent."""
    return GoProgram(name, _verbatim(templates / name, ""))


def go_literal(value: int | str) -> str:
    """*value* as a Go literal. JSON's strings are Go's, but for what Go's source may not hold."""
    return str(value) if isinstance(value, int) else json.dumps(value)


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        variable_start_string="${",
        variable_end_string="}",
        line_statement_prefix="//%",
        block_start_string="@%",
        block_end_string="%@",
        comment_start_string="@#",
        comment_end_string="#@",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Go, not HTML; values pass through go_literal
        keep_trailing_newline=True,
    )
    environment.filters["go"] = go_literal
    return environment


def _rendered(folder: Path, prefix: str, context: Mapping[str, object]) -> dict[str, bytes]:
    environment = _environment(folder)
    files: dict[str, bytes] = {}
    for name in environment.list_templates():
        try:
            text = environment.get_template(name).render(context)
        except jinja2.TemplateSyntaxError as error:
            raise BuildError(f"{folder / name}:{error.lineno}: {error.message}") from None
        except jinja2.UndefinedError as error:
            raise BuildError(f"{folder / name}:{_line_of(error, name)}: {error.message}") from None
        if name.endswith(_ARCHIVE):
            files |= {
                prefix + path: content.encode() for path, content in _unpacked(folder / name, text).items()
            }
        else:
            files[prefix + name] = text.encode()
    return _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """With one archive, deflated, in place of each folder that is called ``NAME.zip``. Its bytes are zlib's: another zlib's may differ."""
    done: dict[str, bytes] = {}
    archives: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        folder, ending, inner = path.partition(f"{_ZIP}/")
        if ending:
            archives.setdefault(folder + _ZIP, {})[inner] = content
        else:
            done[path] = content
    return done | {path: _archive(inside) for path, inside in archives.items()}


def _archive(files: Mapping[str, bytes]) -> bytes:
    """The files in the order of their names, all of 1980, so that equal content is an equal archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path), content, compress_type=zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _unpacked(path: Path, text: str) -> dict[str, str]:
    """The files of an archive in Go's own form for tests: a line ``-- PATH --`` before each (golang.org/x/tools/txtar)."""
    comment, *parts = _MARKER.split(text)
    if not parts or comment.strip():
        raise BuildError(f"{path}: an archive begins with a line such as -- a/a.go --")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _line_of(error: Exception, name: str) -> int:
    """The template's line, which jinja2 writes into the traceback as if it were Python's."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _verbatim(folder: Path, prefix: str) -> dict[str, bytes]:
    return {
        f"{prefix}{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{len(path)}:{path}{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
