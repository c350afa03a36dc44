"""Images that the lab did not make and a user names for builds: what is asked of one, and what a job gets of it.

A job gets its files. It does not get what the image says of how to run it: its command, its user, its health check and its
environment would each make the same job another one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from lab.engine.base import BaseImage
from lab.errors import UsageError

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_@:-]|[./](?![./])){0,511}")
"""What may be a reference: registry, path, tag, digest, or an id. No dot segments: it becomes part of an address."""
_SHOWN: Final = 80


def refuse_misnamed(name: str) -> None:
    """UsageError for what can name no image."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:_SHOWN]!r} can name no image",
            hint="a base is golab, or an image as docker images shows it, such as gcc:14 or sha256:…",
        )


def unknown(name: str, known: Iterable[str]) -> UsageError:
    """The error for an image that the engine does not have, with what to do."""
    names = sorted(known)
    short = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    near = f"did you mean {' or '.join(short)}? else " if short else ""
    return UsageError(
        f"the engine has no image {name!r}, and golab fetches none",
        hint=f"{near}docker pull {name} or docker load -i FILE; or --base golab, the Debian with compilers that golab engine base makes",
    )


def base_of(name: str, attributes: Mapping[str, Any]) -> BaseImage:
    """An image as a base, out of what the engine says of it. UsageError if programs of linux/amd64 do not run in it."""
    platform = f"{attributes.get('Os')}/{attributes.get('Architecture')}"
    if platform != "linux/amd64":
        raise UsageError(
            f"the image {name!r} is for {platform}, the lab builds on linux/amd64",
            hint=f"docker pull --platform linux/amd64 {name}",
        )
    variables = [word.partition("=") for word in (attributes.get("Config") or {}).get("Env") or []]
    paths = [value for variable, _, value in variables if variable == "PATH" and value]
    found = BaseImage(
        image=str(attributes["Id"]),
        digests=tuple(sorted(attributes.get("RepoDigests") or [])),
        variables=tuple(sorted({variable for variable, _, _ in variables})),
    )
    return replace(found, path=paths[-1]) if paths else found


def environment(base: BaseImage | None, asked: Mapping[str, str]) -> dict[str, str | None]:
    """The environment that an engine is told: what is *asked*, and of the base's own variables that there are none."""
    return dict.fromkeys(base.variables if base else ()) | dict(asked)
