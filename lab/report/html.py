"""The page as one HTML file that loads nothing.

Its policy allows exactly the style and the script that are in it, by their digests, and nothing else: whatever a
manifest or a program's output says, it is text. Every text is escaped by the template engine, after what cannot be
seen in it has been written out.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import Final

import jinja2

from lab.report.page import Page
from lab.report.text import printable

_FOLDER: Final = "lab.report"


def render(page: Page) -> str:
    """The file's text."""
    style, script = _file("page.css"), _file("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    return _template().render(page=page, policy=policy, style=style, script=script)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
        keep_trailing_newline=True,
    )
    return environment.from_string(_file("page.html.j2"))


def _visible(value: object) -> object:
    return printable(value) if type(value) is str else value


def _file(name: str) -> str:
    return resources.files(_FOLDER).joinpath(name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
