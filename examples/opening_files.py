"""Opening a file is a system call. When does another goroutine get the P meanwhile, and when does it wait until all files are open?

golab sim examples/opening_files.py --gomaxprocs 1 --set names=known
golab sim examples/opening_files.py --gomaxprocs 1 --set names=new
"""

from lab.sim import Body, G, us


def main(g: G, *, names: str = "new") -> Body:
    """Open a thousand files in the lowest of a hundred layers beside a goroutine that wants to run."""
    yield g.open(fs="overlay")  # any program has opened one before: the first makes the poller
    yield g.go(other, g.now())
    for _ in range(1000):
        start = g.now()
        yield g.open(fs="overlay", layers=100, is_first=names == "new")
        g.observe("open_ns", g.now() - start)
        yield g.close(fs="overlay")
    yield g.gosched()


def other(g: G, made: int) -> Body:
    """Observe how long the first turn was in coming."""
    g.observe("waited_ns", g.now() - made)
    yield g.work(us(100))
