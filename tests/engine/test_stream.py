"""Bytes that arrive in any pieces become the frames and lines that were sent."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.stream import STDERR, STDOUT, Frames, Lines, Tail

_FRAMES = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40)), max_size=8)
_CUTS = st.lists(st.integers(0, 400), max_size=8)


def _cut(whole: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    return [whole[start:end] for start, end in pairwise(places)]


@settings(deadline=None)
@given(_FRAMES, _CUTS)
def test_frames_survive_any_cut(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    """Wherever the transport cuts the stream, the same frames come out in the same order."""
    whole = b"".join(struct.pack(">BxxxI", number, len(payload)) + payload for number, payload in frames)
    decoder = Frames()

    assert [frame for chunk in _cut(whole, cuts) for frame in decoder.feed(chunk)] == frames


def test_a_half_frame_is_not_handed_out() -> None:
    """A frame whose payload is not whole waits for the rest."""
    decoder = Frames()

    assert decoder.feed(b"\x01\0\0\0\0\0\0\x05hel") == []
    assert decoder.feed(b"lo") == [(STDOUT, b"hello")]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=8), _CUTS)
def test_lines_survive_any_cut(lines: list[bytes], cuts: list[int]) -> None:
    """Wherever the stream is cut, the same lines come out; after the last comes EOFError, each time."""
    reader = Lines()
    for chunk in _cut(b"".join(line + b"\n" for line in lines), cuts):
        reader.feed(chunk)
    reader.end()

    assert [reader.next(0.1) for _ in lines] == lines
    for _ in range(2):
        with pytest.raises(EOFError):
            reader.next(0.1)


def test_half_a_line_is_none() -> None:
    """What has no newline when the stream ends was cut off, and is not passed on as a line."""
    reader = Lines()
    reader.feed(b"whole\nhal")
    reader.end()

    assert reader.next(0.1) == b"whole"
    with pytest.raises(EOFError):
        reader.next(0.1)


def test_waiting_ends_with_its_time() -> None:
    """No line within the time limit is None, not an end."""
    assert Lines().next(0.001) is None


def test_a_line_without_end_is_refused() -> None:
    """A stream that never ends its line cannot fill the memory."""
    reader = Lines(longest=10)
    reader.feed(b"0123456789")

    with pytest.raises(ValueError, match="more than 10 bytes"):
        reader.feed(b"x")


def test_a_tail_keeps_the_end() -> None:
    """Of what nobody reads only the last bytes are kept, as text whatever they are."""
    tail = Tail(limit=6)
    for chunk in (b"first ", b"last", b"\xff\n"):
        tail.feed(chunk)

    assert tail.text == "last\N{REPLACEMENT CHARACTER}"
