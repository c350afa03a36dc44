"""The page of a run in a real browser: it loads nothing, says what it says, and can be used by keyboard and on a phone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from lab.analysis import analyse
from lab.model.instrument import DUMP, SCHED
from lab.model.run import Ending
from lab.reported import report
from lab.store import Store
from tests.recorded import MANIFEST, Recipe, record

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_HOSTILE = "</style></script><script>window.owned = 1</script><img src=x onerror='window.owned = 2'>\"'"
_RECIPES = {
    "whole": Recipe(),
    "off": Recipe(off=0.5),
    "poor": Recipe(predicted=False, only=("s2",), replicates=1),
    "empty": Recipe(measured=False, stopped_by=None),
    "looked at": Recipe(instruments=(SCHED, DUMP), replicates=3),
    "timeouts": Recipe(endings=dict.fromkeys(("s1", "s2", "s3"), Ending.TIMEOUT)),
    "hostile": Recipe(
        manifest=MANIFEST.replace('"Waiting for a gate"', f"'''{_HOSTILE}'''")
        .replace('"how long one waits"', f"'''{_HOSTILE}'''")
        .replace('"a size"', f"'''{_HOSTILE}'''")
        .replace('"a wait takes a millisecond"', f"'''{_HOSTILE}'''"),
        provenance={"engine": {"engine": _HOSTILE}, "machine": {_HOSTILE: _HOSTILE}},
    ),
}


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of a made-up run, by the name of its recipe."""
    root = tmp_path_factory.mktemp("pages")

    def page(name: str) -> Path:
        place = root / name
        if not place.exists():
            record(place, _RECIPES[name])
        folder = Store(place).find(None)
        return folder.keep_report(report(folder, analyse(folder)))

    return page


@contextmanager
def _opened(browser: Browser, path: Path, **settings: Any) -> Iterator[Page]:
    """The page, which must load from its file alone and have nothing to complain of."""
    with browser.new_context(**settings) as context:
        page = context.new_page()
        requests: list[Request] = []
        complaints: list[str] = []
        page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - playwright marks what it is given
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        yield page
        assert [request.url.partition("#")[0] for request in requests] == [path.as_uri()]
        assert complaints == []


def _shown(page: Page) -> list[str]:
    """Cell and metric of each row that is to be seen, from the top."""
    rows = page.locator("#table tbody tr:visible")
    return [f"{row.locator('td').first.inner_text()} {row.locator('th').inner_text()}" for row in rows.all()]


@pytest.mark.parametrize("name", _RECIPES)
def test_a_page_loads_from_its_file_and_nothing_else(
    browser: Browser, pages: Callable[[str], Path], name: str
) -> None:
    """No request, no word on the console, no breach of its own policy; nothing that a manifest says is run."""
    with _opened(browser, pages(name)) as page:
        assert page.locator("h1").count() == 1
        assert page.locator("#table tbody tr").count() == {"poor": 3, "looked at": 42}.get(name, 9)
        assert page.evaluate("window.owned") is None
        if name == "hostile":
            assert page.locator("h1").inner_text() == _HOSTILE


def test_the_conclusion_comes_first(browser: Browser, pages: Callable[[str], Path]) -> None:
    """Before the table, and on the first screen."""
    with _opened(browser, pages("off"), viewport={"width": 1280, "height": 720}) as page:
        conclusion = page.locator(".conclusion")

        assert conclusion.inner_text() == "0 of 6 predictions hold; 6 do not."
        box = conclusion.bounding_box()
        assert box
        assert box["y"] + box["height"] < 720


def test_rows_are_filtered_by_words_and_by_verdict(browser: Browser, pages: Callable[[str], Path]) -> None:
    """And a reader who does not see is told how many are left."""
    with _opened(browser, pages("whole")) as page:
        page.get_by_label("Filter by cell or metric").fill("s2 p90")
        assert _shown(page) == ["s2 wait_p90_ns"]
        assert page.locator("#count").inner_text() == "1 of 9 rows shown"

        page.get_by_label("Filter by cell or metric").fill("")
        page.get_by_role("button", name="agrees").click()
        assert len(_shown(page)) == 6
        page.get_by_role("button", name="all").click()
        assert len(_shown(page)) == 9


def test_rows_are_sorted_by_keyboard(browser: Browser, pages: Callable[[str], Path]) -> None:
    """By number where there are numbers, up and down, and said so; what has none comes last."""
    with _opened(browser, pages("whole")) as page:
        head = page.locator("#table thead th", has=page.get_by_role("button", name="predicted"))
        head.get_by_role("button").focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        assert [row.split()[0] for row in _shown(page)][:6] == ["s1", "s1", "s2", "s2", "s3", "s3"]

        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert [row.split()[0] for row in _shown(page)][:6] == ["s3", "s3", "s2", "s2", "s1", "s1"]
        assert {row.split()[1] for row in _shown(page)[6:]} == {"grown_bytes"}


def test_everything_that_can_be_pressed_is_reached_by_tab(
    browser: Browser, pages: Callable[[str], Path]
) -> None:
    """The first stop leads past the navigation; every stop shows where the focus is."""
    with _opened(browser, pages("whole")) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the verdicts"
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            style = "getComputedStyle(document.activeElement)"
            if page.evaluate("document.activeElement === document.body"):
                break
            assert page.evaluate(f"{style}.outlineStyle") != "none"
            reached.add(page.evaluate("document.activeElement.textContent").strip())
        assert {"cell", "metric", "measured", "n", "predicted", "ratio", "margin", "verdict"} <= {
            text.strip(" ↕") for text in reached
        }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_readers_light(browser: Browser, pages: Callable[[str], Path], scheme: str) -> None:
    """Dark on light by day, light on dark by night."""
    with _opened(browser, pages("whole"), color_scheme=scheme) as page:
        colours = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        text, ground = (sum(int(part) for part in each[4:-1].split(",")[:3]) for each in colours)
        assert (text < ground) == (scheme == "light")


@pytest.mark.parametrize("name", ["whole", "hostile", "timeouts", "looked at"])
def test_it_fits_a_phone(browser: Browser, pages: Callable[[str], Path], name: str) -> None:
    """360 pixels wide, and nothing to push sideways."""
    with _opened(browser, pages(name), viewport={"width": 360, "height": 740}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", ["whole", "looked at"])
def test_every_picture_says_in_words_what_it_shows(
    browser: Browser, pages: Callable[[str], Path], name: str
) -> None:
    """A name for who does not see it; what only decorates is hidden from them."""
    with _opened(browser, pages(name)) as page:
        pictures = page.locator("svg").all()
        said = [
            page.evaluate(
                """svg => svg.getAttribute("aria-hidden") === "true" ? "-"
                : svg.getAttribute("role") === "img" && (svg.getAttribute("aria-label")
                    || svg.querySelector("title, desc")?.textContent) || "" """,
                picture.element_handle(),
            )
            for picture in pictures
        ]
        assert len(pictures) >= 9
        assert all(said)
        assert any("predicted" in text for text in said)


def test_without_a_script_the_table_is_there(browser: Browser, pages: Callable[[str], Path]) -> None:
    """All rows, and no tools that would do nothing."""
    with _opened(browser, pages("whole"), java_script_enabled=False) as page:
        assert page.locator("#table tbody tr:visible").count() == 9
        assert not page.locator("#tools").is_visible()
