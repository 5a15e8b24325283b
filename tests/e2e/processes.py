"""The processes of a running stack, found in ``/proc``."""

from pathlib import Path


def descendants(pid: int) -> list[int]:
    """List the processes that a process has started, and those that they have."""
    try:
        children = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")).split()
    except OSError:
        return []
    return [found for child in map(int, children) for found in (child, *descendants(child))]
