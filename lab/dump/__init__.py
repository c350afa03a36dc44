"""Goroutine dumps, read: text in, values out (``lab.model.dump``). Nothing here takes time or touches the world."""

from lab.dump.digest import digested, shortened
from lab.dump.read import is_dump, parsed
from lab.dump.several import seen_in

__all__ = ["digested", "is_dump", "parsed", "seen_in", "shortened"]
