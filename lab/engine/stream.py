"""What a container's attached stream holds: frames of standard output and standard error, and lines in them."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

STDOUT: Final = 1
STDERR: Final = 2

_HEADER: Final = struct.Struct(">BxxxI")
"""One byte for the stream, three of padding, the payload's length; big-endian."""
_LONGEST_LINE: Final = 64 << 20
"""A line of the agent holds at most some 8 MiB of a program's lines, escaped once."""


class Frames:
    """The decoder of the multiplexed stream; bytes arrive in any pieces."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """The frames that *chunk* completes, as ``(STDOUT or STDERR, payload)``."""
        self._held += chunk
        frames = []
        start = 0
        while (frame := self._frame_at(start)) is not None:
            frames.append(frame)
            start += _HEADER.size + len(frame[1])
        del self._held[:start]
        return frames

    def _frame_at(self, start: int) -> tuple[int, bytes] | None:
        if len(self._held) < start + _HEADER.size:
            return None
        number, length = _HEADER.unpack_from(self._held, start)
        payload = start + _HEADER.size
        if len(self._held) < payload + length:
            return None
        return number, bytes(self._held[payload : payload + length])


class Lines:
    """Bytes in from one thread, lines out in another."""

    def __init__(self, longest: int = _LONGEST_LINE) -> None:
        self._longest = longest
        self._part = bytearray()
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def feed(self, chunk: bytes) -> None:
        """Take what arrived. ValueError if a line grows beyond all measure."""
        self._part += chunk
        if b"\n" in chunk:
            *lines, rest = bytes(self._part).split(b"\n")
            for line in lines:
                self._lines.put(line)
            self._part = bytearray(rest)
        if len(self._part) > self._longest:
            raise ValueError(f"a line of more than {self._longest} bytes")

    def end(self) -> None:
        """Nothing more will come; half a line is none."""
        self._lines.put(None)

    def next(self, timeout: float) -> bytes | None:
        """The next line without its newline; None after *timeout* seconds. EOFError after the last."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)  # for whoever asks again
            raise EOFError
        return line


class Tail:
    """The last bytes of a stream that nobody reads unless something goes wrong."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._held = b""

    def feed(self, chunk: bytes) -> None:
        """Take what arrived, drop what is too old."""
        self._held = (self._held + chunk)[-self._limit :]

    @property
    def text(self) -> str:
        """The end of the stream, as text."""
        return self._held.decode(errors="replace").strip()


class Stream:
    """A container's attached stream: the socket under the SDK's objects, which close it when they are collected."""

    def __init__(self, sdk: Any) -> None:  # noqa: ANN401 - a different class for each transport
        self._sdk = sdk
        self.socket: socket.socket = getattr(sdk, "_sock", sdk)
        self.socket.settimeout(None)  # it bears the client's time limit for calls

    def feed(self, takers: Mapping[int, Callable[[bytes], None]]) -> None:
        """Hand what comes to the taker of its stream, until the end."""
        frames = Frames()
        while chunk := self.socket.recv(1 << 16):
            for number, payload in frames.feed(chunk):
                takers[number](payload)

    def until(self, deadline: float, most: int) -> tuple[bytes, bytes, bool]:
        """At *most* so many bytes of each stream, and whether they ended before *deadline* (of the monotonic clock)."""
        frames = Frames()
        words = {STDOUT: bytearray(), STDERR: bytearray()}
        in_time = False
        while not in_time and (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                chunk = self.socket.recv(1 << 16)
            except TimeoutError:
                break
            for number, payload in frames.feed(chunk):
                words[number] += payload[: most - len(words[number])]
            in_time = not chunk
        return bytes(words[STDOUT]), bytes(words[STDERR]), in_time

    def end_input(self) -> None:
        """Nothing more is written to it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it both ways."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes a reader, which close() alone does not
        getattr(self._sdk, "_response", self._sdk).close()  # the whole chain above the socket
        self.socket.close()
