"""The simulated twin of go_templates/mmap-large: the same program, in the simulator's vocabulary."""

from typing import Any

from lab.sim import Body, G, ms

PAGE, HUGE_PAGE = 4 << 10, 2 << 20
ROUNDS = 20
PERIOD = ms(1)


def main(g: G, *, mode: str = "touch", size: int = 64 << 20, thp: str = "never") -> Body:
    """One replicate of a cell. What the Go heap costs is not simulated: there is no collector yet."""
    if mode == "reserve":
        yield from reserve(g)
    elif mode == "touch":
        yield from touch(g, size, huge=thp != "never")
    elif mode == "ticker":
        yield from tick(g, size, huge=thp != "never")


def reserve(g: G) -> Body:
    """Mmap and munmap of each length and protection in turn."""
    kinds = [("none", 1), ("none", 8), ("none", 64), ("rw", 1), ("rw", 8), ("rw", 64), ("noreserve", 64)]
    for _ in range(ROUNDS):
        for prot, gib in kinds:
            yield from timed(g, f"mmap_{prot}_{gib}g_ns", g.cost("mmap", bytes=gib << 30, prot=prot))
            yield from timed(g, f"munmap_{prot}_{gib}g_ns", g.cost("munmap", bytes=gib << 30, prot=prot))


def touch(g: G, size: int, *, huge: bool) -> Body:
    """Touch page by page, populate by one call, unmap."""
    page = HUGE_PAGE if huge else PAGE
    pages = size // page
    start = g.now()
    yield g.touch(size, huge=huge)
    g.observe("touch_again_ns", g.now() - start)
    yield from timed(g, "populate_again_ns", pages * g.cost("populate", page=page))
    yield from timed(g, "munmap_touched_ns", pages * g.cost("unmap", page=page))


def tick(g: G, size: int, *, huge: bool) -> Body:
    """Touch while another goroutine receives from a ticker."""
    yield g.touch(size, huge=huge)
    page = HUGE_PAGE if huge else PAGE
    yield from called(g, size // page * g.cost("unmap", page=page))
    seen: dict[str, int] = {}
    ready, ended = g.chan(), g.chan()
    yield g.go(listen, seen, ready, ended)
    yield ready.recv()
    seen["touching"] = g.now()
    yield g.touch(size, huge=huge)
    seen["finished"] = g.now()
    yield ended.recv()
    g.observe("ticker_touch_again_ns", seen["finished"] - seen["touching"])


def listen(g: G, seen: dict[str, int], ready: Any, ended: Any) -> Body:
    """Observe each tick that was due while main touched."""
    start = g.now()
    ticker = g.ticker(PERIOD)
    due = start + PERIOD
    yield ticker.recv()
    yield ready.send(None)
    while True:
        due = start + ((g.now() - start) // PERIOD + 1) * PERIOD
        yield ticker.recv()
        begun, end = seen.get("touching"), seen.get("finished")
        if begun is not None and due >= begun and (end is None or due < end):
            g.observe("ticker_delay_ns", max(g.now() - due, 0))
        elif end is not None:
            break
    yield ticker.stop()
    yield ended.send(None)


def timed(g: G, name: str, ns: int) -> Body:
    """A system call that is busy all the time, and how long it took."""
    start = g.now()
    yield from called(g, ns)
    g.observe(name, g.now() - start)


def called(g: G, ns: int) -> Body:
    """A system call that is busy all the time."""
    yield g.syscall(ns, cpu=ns)
