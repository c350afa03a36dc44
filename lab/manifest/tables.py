"""TOML tables against their shapes, table by table, so that one bad table does not hide the others."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lab.errors import ManifestError
from lab.model.units import bytes_from_text, duration_from_text

_NAME: Final = r"^[a-z][a-z0-9_]*$"

Name = Annotated[str, Field(pattern=_NAME)]


def _read_with(convert: Callable[[str], int]) -> BeforeValidator:
    def read(value: object) -> int:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no text with a unit, such as '20s' or '64MiB'")  # noqa: TRY004 - pydantic's way
        return convert(value)

    return BeforeValidator(read)


ByteCount = Annotated[int, _read_with(bytes_from_text)]
Duration = Annotated[int, _read_with(duration_from_text)]


class Table(BaseModel):
    """A table whose keys are known and whose values are what TOML says they are."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


Item = TypeVar("Item", bound=Table)


def parsed(content: bytes, path: Path) -> dict[str, Any]:
    """The tables of a file. ManifestError where it is not TOML."""
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: not TOML: {error}") from None


def refusal(path: Path, mistakes: Iterable[str]) -> ManifestError:
    """The error that lists all *mistakes* of the file at *path*."""
    found = list(mistakes)
    lines = "\n".join(f"  {mistake}" for mistake in found)
    return ManifestError(f"{path}: {len(found)} mistake{'s' * (len(found) != 1)}\n{lines}")


def checked(
    table: type[Item], raw: object, at: str, mistakes: list[str], *, also: Iterable[str] = ()
) -> Item | None:
    """*raw* as a *table*, or None with what is wrong added to *mistakes*; *also* are keys that others read."""
    try:
        return table.model_validate(raw)
    except ValidationError as errors:
        known = (*table.model_fields, *also)
        mistakes.extend(_worded(error, at, known) for error in errors.errors(include_url=False))
        return None


def checked_list(
    table: type[Item], raw: Mapping[str, Any], key: str, mistakes: list[str]
) -> list[tuple[str, Item]]:
    """Each well-formed table of the list *key*, with where it stands. One at least must be there."""
    items = raw.get(key)
    if not isinstance(items, list) or not items:
        mistakes.append(f"{key}: at least one [[{key}]] is needed")
        return []
    found = []
    for position, item in enumerate(items):
        at = f"{key}[{position}]"
        if (each := checked(table, item, at, mistakes)) is not None:
            found.append((at, each))
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """What may have been meant by *word*, as the end of a sentence."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f" (there are: {', '.join(names) or 'none'})"


def _worded(error: Mapping[str, Any], at: str, known: Iterable[str]) -> str:
    key = ".".join([*([at] if at else []), *(str(part) for part in error["loc"])])
    match error["type"]:
        case "extra_forbidden":
            return f"{key}: there is no such key{nearest(str(error['loc'][-1]), known)}"
        case "missing":
            return f"{key}: is missing"
        case "string_pattern_mismatch":
            return f"{key}: {error['input']!r} is no name (small letters, digits and _, a letter first)"
        case "too_short":
            return f"{key}: is empty; at least one is needed"
        case "value_error":
            return f"{key}: {error['ctx']['error']}"
        case _:
            return f"{key}: is {error['input']!r}; should be {error['msg'].removeprefix('Input should be ')}"
