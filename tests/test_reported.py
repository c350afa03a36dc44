"""A record's page: the same bytes wherever it lies, whole for poor records, and safe whatever a manifest says."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lab import manifest
from lab.analysis import analyse
from lab.model.run import Ending, PlannedCell, Record, Termination, Turn
from lab.model.units import Nanos
from lab.reported import course_of, report
from lab.store import RunFolder
from tests.recorded import MANIFEST, Recipe, record, rewrite

_HOSTILE = """<script>alert("1")</script>'"</style></title><!-- \\u001b[31m\\u202e -->&amp;"""


class _Seen(HTMLParser):
    """Which elements a browser would make, and every text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Void elements are never open."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "input", "link", "br", "path", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """``<path/>``."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Each end belongs to what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Texts, one by one."""
        self.texts.append(data)


def _seen(page: str) -> _Seen:
    seen = _Seen()
    seen.feed(page)
    seen.close()
    assert seen.open == []
    return seen


def _page(folder: RunFolder) -> str:
    return report(folder, analyse(folder))


def _words(page: str) -> str:
    return " ".join(" ".join(_seen(page).texts).split())


def test_the_same_record_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    """No clock, no random ids, no path."""
    folder = record(tmp_path, Recipe())
    moved = RunFolder(tmp_path / "elsewhere" / "moved")
    shutil.copytree(folder.path, moved.path)

    assert _page(folder) == _page(folder) == _page(moved)
    assert str(tmp_path) not in _page(folder)


def test_the_answer_stands_first(tmp_path: Path) -> None:
    """The conclusion, then the table, then everything that it rests on."""
    words = _words(_page(record(tmp_path, Recipe())))

    order = [
        "Waiting for a gate",
        "6 of 6 predictions hold.",
        "cell metric measured n predicted ratio margin verdict",
        "How to read this table",
        "9.1 a wait takes a millisecond",
        "Unexpected endings",
        "how long one waits",
        "6.1.0",
        "golab run scenario example --seed=1",
    ]
    assert sorted(order, key=words.index) == order


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (Recipe(predicted=False), "nothing of this was predicted."),
        (Recipe(measured=False), "6 had nothing measured to compare with"),
        (Recipe(only=("s2",)), "2 of 2 predictions hold."),
        (Recipe(replicates=1, repetitions=1), "one replicate has no interval to judge by"),
        (
            Recipe(endings=dict.fromkeys(("s1", "s2", "s3"), Ending.TIMEOUT)),
            "s1: 10 of 10 replicates ended in timeout: made up: timeout",
        ),
        (Recipe(stopped_by=None, measured=False), "the run never came to its end: 0 of 30 replicates"),
    ],
    ids=["no predictions", "no measurements", "one cell", "one replicate", "all timeouts", "killed"],
)
def test_a_poor_record_has_a_good_page(tmp_path: Path, recipe: Recipe, said: str) -> None:
    """What there is, and what is missing."""
    assert said in _words(_page(record(tmp_path, recipe)))


def test_a_damaged_record_is_used_up_to_the_damage(tmp_path: Path) -> None:
    """The page says so above all."""
    folder = record(tmp_path, Recipe())
    path = folder.path / "runs.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:9]) + b'{"turn')

    words = _words(_page(folder))
    assert "the record is damaged: runs.jsonl: line 10, from byte" in words
    assert words.index("the record is damaged") < words.index("predictions hold")


def _hostile() -> Recipe:
    text = MANIFEST.replace('"Waiting for a gate"', f'"""{_HOSTILE}"""')
    for title in ("how long one waits", "a size", "a wait takes a millisecond"):
        text = text.replace(f'"{title}"', f'"""{title} {_HOSTILE}"""')
    provenance: Mapping[str, Any] = {
        "machine": {"cpu": {"model": "<script>x</script>", "count": 2}, "</style>": "\x00"}
    }
    return Recipe(manifest=text, endings={"s1": Ending.SIGNAL}, provenance=provenance)


def test_names_are_never_markup(tmp_path: Path) -> None:
    """Whatever a manifest, a program or a machine says is text, and what cannot be seen is written out."""
    folder = record(tmp_path, _hostile())
    alike = record(tmp_path / "plain", Recipe(endings={"s1": Ending.SIGNAL}))
    _end_one(alike, "plain")
    plain = _page(alike)
    _end_one(folder, r"<img src=x onerror=alert(1)>" + "\x1b[2J\x00")

    page = _page(folder)
    seen = _seen(page)
    assert [seen.tags.count(tag) for tag in ("script", "style", "title", "img", "form", "a")] == [
        1,
        1,
        _seen(plain).tags.count("title"),
        0,
        0,
        _seen(plain).tags.count("a"),
    ]
    assert """<script>alert("1")</script>'"</style></title><!-- \\x1b[31m\\u202e -->&amp;""" in seen.texts
    assert r"\x1b[2J\x00" in page
    assert re.search(r"[\x00-\x09\x0b-\x1f\u202e]", page) is None


def _end_one(folder: RunFolder, detail: str) -> None:
    """Have the last replicate of s2 end for want of memory."""
    last = max(turn.position for turn in folder.plan().turns if turn.cell == "s2")
    termination = Termination(ending=Ending.OOM, detail=detail)
    rewrite(
        folder, lambda each: replace(each, termination=termination) if each.turn.position == last else each
    )


def test_nothing_is_loaded_and_nothing_is_styled_in_place(tmp_path: Path) -> None:
    """The policy is strict, and no attribute would need it loosened."""
    seen = _seen(_page(record(tmp_path, Recipe())))

    policy = next(
        value for name, value in seen.attributes if name == "content" and "default-src" in str(value)
    )
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]+='; script-src 'sha256-[\w+/]+=';"
        r" base-uri 'none'; form-action 'none'",
        str(policy),
    )
    names = {name for name, _ in seen.attributes}
    assert not names & {"style", "src", "srcset", "xlink:href", "action"}
    assert not [name for name in names if name.startswith("on")]
    assert all(str(value).startswith("#") for name, value in seen.attributes if name == "href")


def test_every_picture_says_what_it_shows(tmp_path: Path) -> None:
    """A title and a description with figures in each."""
    pictures = re.findall(r"<svg .*?</svg>", _page(record(tmp_path, Recipe())))

    assert (
        len(pictures) == 6 + 3 + 2 * 6
    )  # a row's each, a cell's each, two for each metric that is not constant
    for picture in pictures:
        assert re.match(
            r'<svg viewBox="0 0 \d+ \d+" role="img"><title>[^<]+</title><desc>[^<]*\d[^<]*</desc>', picture
        )


def test_excluded_replicates_are_named_with_the_reason(tmp_path: Path) -> None:
    """They are endings, too."""
    folder = record(tmp_path, Recipe())
    last = max(turn.position for turn in folder.plan().turns if turn.cell == "s2")
    why = "the clock went backwards"
    rewrite(folder, lambda each: replace(each, excluded=why) if each.turn.position == last else each)

    assert "s2: 1 replicate excluded: the clock went backwards" in _words(_page(folder))


def test_the_course_of_a_run_has_each_usable_value_at_its_position() -> None:
    """One value a process, by the metric's statistic; nothing of what failed or never had a turn."""
    scenario = manifest.read(MANIFEST.encode(), name="example", path=Path("example.toml"))

    def measured(position: int, waits: tuple[int, ...], ending: Ending = Ending.EXIT) -> Record:
        return Record(
            turn=Turn(position=position, block=0, cell="s1"),
            termination=Termination(ending=ending),
            started_at_ns=100 + 10 * position,
            wall_ns=Nanos(5),
            observations={"wait_ns": waits},
        )

    levels = {factor.name: factor.default.text for factor in scenario.factors}
    cells = [
        PlannedCell(
            id="s1",
            scenario="example",
            engine="docker",
            levels=levels,
            program_sha256="",
            binary_sha256="",
            image="",
            argv=(),
            environment=(),
        )
    ]
    course = course_of(
        {"example": scenario},
        cells,
        [measured(-1, (9,)), measured(4, (1, 2, 12)), measured(2, (7,), Ending.OOM), measured(5, ())],
    )

    assert course.points == {("s1", "wait_ns"): [(4, 2.0)], ("s1", "wait_p90_ns"): [(4, 10.0)]}
    assert (course.begun_ns, course.ended_ns) == (120, 155)
