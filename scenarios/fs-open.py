"""The simulated twin of go_templates/fs-open: the same opens, as system calls that take what this machine's took."""

from typing import Any

from lab.sim import Body, G, ms

NEW = 4
AGAIN = 64
EACH = 16
OTHERS = 2
PERIOD = ms(1)


def main(
    g: G,
    *,
    file: str = "lowest",
    depth: int = 1,
    goroutines: int = 1,
    fs: str = "tmpfs",
) -> Body:
    """One replicate of a cell. Disks, neighbours and copies are not simulated.

    Only an overlay has to look for names that nobody has opened. Elsewhere the kernel knows them since their files were made.
    """
    where = place(fs, file, depth)
    is_new = file == "absent" or fs.startswith("overlay")
    if goroutines > 1:
        yield from together(g, goroutines, where)
    elif file == "written":
        yield from opened(g, "read_again_ns", AGAIN, where)
        yield from opened(g, "write_again_ns", AGAIN, where | {"is_writable": True})
    else:
        yield from opened(g, "first_ns", 1, where)
        yield from opened(g, "again_ns", AGAIN, where)
        yield from opened(g, "new_ns", NEW, where | {"is_first": is_new})


def place(fs: str, file: str, depth: int) -> dict[str, Any]:
    """What a file is opened on, in the words of ``g.open``: of an image's layers those that have the folder, without the agent's and the program's."""
    kind, _, number = fs.partition(":")
    above = OTHERS if kind == "overlay" else 0
    return {
        "fs": kind,
        "layers": max(int(number or 1) - above, 1),
        "depth": depth,
        "file": "absent" if file == "absent" else "present",
        "layer": "top" if file == "top" else "lowest",
    }


def opened(g: G, name: str, times: int, where: dict[str, Any]) -> Body:
    """Open and observe how long that took, again and again."""
    for _ in range(times):
        start = g.now()
        yield g.open(**where)
        g.observe(name, g.now() - start)
        if where["file"] == "present":
            yield g.close(fs=where["fs"])


def together(g: G, goroutines: int, where: dict[str, Any]) -> Body:
    """Many open at once, and another goroutine wants to run each millisecond."""
    ready, done, gate = g.waitgroup(), g.waitgroup(), g.chan()
    took, other = list[int](), Other()
    yield ready.add(1)
    yield g.go(other.run, ready, gate)
    for _ in range(goroutines):
        yield ready.add(1)
        yield done.add(1)
        yield g.go(one, where, (ready, done, gate), took)
    yield ready.wait()
    handed = g.statistics()["handoffs"]
    start = g.now()
    yield gate.close()
    yield done.wait()
    end = g.now()
    g.observe("handoffs", g.statistics()["handoffs"] - handed)
    g.observe("threads", g.statistics()["threads"])
    g.observe("all_ns", end - start)
    for each in took:
        g.observe("one_ns", each)
    other.observe(g, start, end)


def one(g: G, where: dict[str, Any], meeting: tuple[Any, Any, Any], took: list[int]) -> Body:
    """One of many: it opens names of its own."""
    ready, done, gate = meeting
    yield ready.done()
    yield gate.recv()
    for _ in range(EACH):
        start = g.now()
        yield g.open(**where, is_first=True)
        took.append(g.now() - start)
    yield done.done()


class Other:
    """A goroutine that wants to run each millisecond."""

    def __init__(self) -> None:
        """It has not begun."""
        self.late: list[int] = []
        self.due = 0

    def run(self, g: G, ready: Any, gate: Any) -> Body:
        """Sleep and note how late it is, again and again."""
        yield ready.done()
        yield gate.recv()
        while True:
            self.due = g.now() + PERIOD
            yield g.sleep(PERIOD)
            self.late.append(g.now() - self.due)

    def observe(self, g: G, began: int, now: int) -> None:
        """What it noted; if it is late now, it is so by so much at least."""
        for late in self.late:
            g.observe("other_late_ns", max(late, 1))
        if (waits := now - (self.due or began)) > 0:
            g.observe("other_late_ns", waits)
