"""Every form of a line, and what is said of lines that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dump import digested, is_dump, parsed
from lab.model.dump import Creation, Frame, Goroutine, Unread

_STACK = "main.f(0xc000012345, {0x1, 0x2?}, ...)\n\t/src/main.go:12 +0x1f\n"


def _one(line: str, stack: str = _STACK) -> Goroutine:
    dump = parsed(f"{line}\n{stack}\n")
    assert dump.unread == ()
    (goroutine,) = dump.goroutines
    return goroutine


def test_a_frame_has_its_words_and_its_place() -> None:
    """Arguments are words as printed; braces keep several of them together."""
    (frame,) = _one("goroutine 1 [running]:").frames

    assert frame == Frame("main.f", ("0xc000012345", "{0x1, 0x2?}", "..."), "/src/main.go", 12, 0x1F)
    assert (frame.address, frame.doubtful_address) == (0xC000012345, None)
    assert Frame("f", ("0xc000012345?",)).doubtful_address == 0xC000012345
    assert [Frame("f", words).address for words in ((), ("...",), ("0x0",), ("0x1?",), ("{0x1}",))] == [
        None
    ] * 5


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("goroutine 7 [running]:", {"status": "running"}),
        ("goroutine 7 [chan receive]:", {"status": "waiting", "reason": "chan receive"}),
        (
            "goroutine 7 [chan receive, 2 minutes, locked to thread]:",
            {"status": "waiting", "reason": "chan receive", "minutes": 2, "locked": True},
        ),
        ("goroutine 7 [syscall, 130 minutes]:", {"status": "syscall", "minutes": 130}),
        ("goroutine 7 [select (no cases) (scan)]:", {"status": "waiting", "reason": "select (no cases)"}),
        ("goroutine 7 gp=0xc000007c00 m=nil [semacquire]:", {"status": "waiting", "reason": "semacquire"}),
        ("goroutine 7 gp=0xc00 m=3 mp=0x5f4460 [running]:", {"status": "running", "thread": 3}),
        (
            "goroutine 7 [chan receive (synctest), synctest group 6]:",
            {"status": "waiting", "reason": "chan receive (synctest)", "bubble": 6},
        ),
        (
            "goroutine 7 [sleep (durable), synctest bubble 6]:",
            {"status": "waiting", "reason": "sleep (durable)", "bubble": 6},
        ),
        (
            "goroutine 7 [chan send (leaked)]:",
            {"status": "waiting", "reason": "chan send", "leaked": True},
        ),
        (
            'goroutine 7 [select labels:{"a": "b, c"}]:',
            {"status": "waiting", "reason": "select", "labels": '{"a": "b, c"}'},
        ),
        (
            "goroutine 7 [select, 1 minutes] {a: b}:",
            {"status": "waiting", "reason": "select", "minutes": 1, "labels": "{a: b}"},
        ),
        ("goroutine 7 [waiting for cgo callback]:", {"status": "waiting for cgo callback"}),
    ],
)
def test_a_goroutines_line_in_each_releases_form(line: str, expected: dict[str, object]) -> None:
    """Fields that a line does not have are empty."""
    frames = _one("goroutine 7 [running]:").frames

    assert _one(line) == Goroutine(**{"id": 7, "frames": frames, **expected})  # type: ignore[arg-type]  # as written above


def test_what_can_stand_in_a_stack() -> None:
    """Created by, frames left out, C functions, a stack on another thread, ancestors."""
    made = _one(
        "goroutine 7 [running]:",
        "non-Go function at pc=0x1\nwrite\n\t/src/write.c:9 pc=0x2\nmain.(*list[...]).take(...)\n\t/src/main.go:3\n"
        "...23 frames elided...\nmain.main()\n\t/src/main.go:5 +0x1 fp=0xc1 sp=0xc2 pc=0x3\n"
        "created by main.main.func1 in goroutine 3\n\t/src/main.go:6 +0x2\n"
        "[originating from goroutine 3]:\nmain.other(...)\n\t/src/main.go:7 +0x3\n",
    )
    elsewhere = _one(
        "goroutine 8 [running]:",
        "\tgoroutine running on other thread; stack unavailable\ncreated by main.main\n\t/src/main.go:8 +0x1\n",
    )

    assert made.frames == (
        Frame("non-Go function"),
        Frame("write", (), "/src/write.c", 9),
        Frame("main.(*list[...]).take", ("...",), "/src/main.go", 3),
        Frame("main.main", (), "/src/main.go", 5, 1),
    )
    assert made.elided == 23
    assert made.created_by == Creation("main.main.func1", 3, "/src/main.go", 6)
    assert (elsewhere.visible, elsewhere.created_by) == (
        False,
        Creation("main.main", None, "/src/main.go", 8),
    )


def test_what_mixes_into_standard_error_is_no_damage_between_goroutines() -> None:
    """Before the first goroutine everything is head; between them stand GODEBUG's lines and, last, registers."""
    dump = parsed(
        "hello\ngc 1 @0.004s 2%: 0.01+0.2 ms clock\nSIGQUIT: quit\nPC=0x40304c m=0 sigcode=0\n\n"
        f"goroutine 1 [running]:\n{_STACK}\nSCHED 1004ms: gomaxprocs=2\ninit os @1.1 ms, 0.1 ms clock\n\n"
        f"runtime stack:\nruntime.mstart()\n\t/go/proc.go:1 +0x1\n\ngoroutine 2 [sleep]:\n{_STACK}\n"
        "rax    0xca\nrflags 0x246\nr10    0x0\ngs     0x0\nexit status 2\n"
    )

    assert dump.head == (
        "hello",
        "gc 1 @0.004s 2%: 0.01+0.2 ms clock",
        "SIGQUIT: quit",
        "PC=0x40304c m=0 sigcode=0",
    )
    assert [one.id for one in dump.goroutines] == [1, 2]
    assert (dump.unread, dump.cut) == ((), False)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("goroutine 5 <waiting>:", "it looks like the beginning of a goroutine, and has another form"),
        ("goroutine 5 [hibernating]:", "no Go release that is known says “hibernating”"),
        ("goroutine 5 [sleep, 3 moons]:", "no Go release that is known says “3 moons”"),
        ("hello from main", "it stands between goroutines and belongs to none"),
    ],
)
def test_an_unknown_form_is_named_and_the_rest_goes_on(line: str, why: str) -> None:
    """The line, its number and what is wrong with it; the goroutines before and behind it are there."""
    dump = parsed(f"goroutine 1 [running]:\n{_STACK}\n{line}\n{_STACK}\ngoroutine 9 [sleep]:\n{_STACK}\n")

    assert Unread(line=5, text=line, why=why) in dump.unread
    assert {1, 9} <= {one.id for one in dump.goroutines}


def test_damage_inside_a_stack_is_named() -> None:
    """A call that lost its position, a position that lost its call, and words of somebody else's."""
    dump = parsed(
        "goroutine 1 [running]:\nmain.f()\nmain.g()\n\t/src/main.go:2 +0x1\n\t/src/main.go:3\nhello there\n"
        "main.h()\n\tno position\n\ngoroutine 2 [running]:\n\n"
    )

    assert [(unread.line, unread.text) for unread in dump.unread] == [
        (2, "main.f()"),
        (5, "\t/src/main.go:3"),
        (6, "hello there"),
        (7, "main.h()"),
        (8, "\tno position"),
        (10, "goroutine 2 [running]:"),
    ]
    assert [frame.function for frame in dump.goroutines[0].frames] == ["main.f", "main.g", "main.h"]


def test_a_form_that_nobody_knows_is_a_dump_all_the_same() -> None:
    """Where not one goroutine's line is understood, each is named, and nothing is taken for the text before."""
    text = (
        "fatal error: x\n\ngoroutine 1 <running>:\nmain.main()\n\t/src/main.go:1\n\ngoroutine 2 <waiting>:\n"
    )

    assert is_dump(text)
    assert [unread.line for unread in parsed(text).unread] == [3, 7]
    assert parsed(text).head == ("fatal error: x",)
    assert not is_dump("goroutine 1 says hello\nno dump at all\n")


def test_a_goroutine_that_comes_twice_is_kept_once() -> None:
    """GOTRACEBACK=crash prints threads one after the other; a goroutine 0 each of them has."""
    dump = parsed(
        f"goroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\n{_STACK}\n-----\n\ngoroutine 0 gp=0x3 m=1 mp=0x4 [idle]:\n{_STACK}\n"
        f"goroutine 1 [running]:\n\tgoroutine running on other thread; stack unavailable\n\n-----\n\n"
        f"goroutine 1 [running]:\n{_STACK}\ngoroutine 1 [running]:\n{_STACK}\n"
    )

    assert [(one.id, one.visible) for one in dump.goroutines] == [(0, True), (0, True), (1, True)]
    assert [unread.why for unread in dump.unread] == ["this goroutine has come before; the first is kept"]


def test_a_text_that_ends_in_a_stack_is_cut() -> None:
    """Whether the reader sees it or is told."""
    assert parsed("goroutine 1 [running]:\nmain.f()\n\t/src/ma").cut
    assert not parsed(f"goroutine 1 [running]:\n{_STACK}").cut
    assert parsed("", cut=True).cut


_PIECES = st.sampled_from(
    [
        "goroutine 1 [running]:",
        "goroutine 2 [sync.Mutex.Lock, 3 minutes]:",
        "goroutine 3 gp=0x1 m=nil [select] {a: b}:",
        "goroutine 99999999999999999999999999 [running]:",
        "goroutine ",
        "sync.(*Once).doSlow(0x10?, 0x2)",
        "internal/sync.(*Mutex).lockSlow(0x14)",
        "runtime.semacquire1(0x18, 0x0)",
        "main.main(",
        "main.main()",
        "\t/src/main.go:1 +0x1",
        "\t/src/main.go:99999999999999999999999999",
        "\t",
        "created by main.main in goroutine 1",
        "...1 frames elided...",
        "[originating from goroutine 1]:",
        "runtime stack:",
        "",
        "\r",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=40), max_size=60).map("\n".join) | st.text())
def test_no_text_is_too_strange(text: str) -> None:
    """Whatever stands in a text, reading it ends in values, and each goroutine's line is read or named."""
    digest = digested(text)

    assert digest.count + len(digest.unread) >= (1 if is_dump(text) else 0)


@given(st.integers(0, 40), st.sampled_from(["", "hello ", "\t", "goroutine 8 ["]))
def test_damage_to_one_line_leaves_the_others(place: int, damage: str) -> None:
    """A line that is broken costs what depends on it: at most the goroutine that it stands in."""
    lines = [line for number in range(10) for line in (f"goroutine {number} [sleep]:", *_STACK.split("\n"))]
    hit = 4 + place % (len(lines) - 4)  # before the first goroutine anything may stand
    lines[hit] = damage + lines[hit]

    dump = parsed("\n".join(lines))

    assert len({one.id for one in dump.goroutines} & set(range(10))) >= (10 if not damage else 9)
    assert bool(dump.unread) == bool(damage)
