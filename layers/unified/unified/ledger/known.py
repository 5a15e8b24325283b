"""What a ledger knows of a whole model at one time, packed: some 70 bytes a record where a dictionary takes 200."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable

SHORT_BYTES = 8


def short(record_id: str) -> bytes:
    """Return what stands for a record where there are many: too long for two of a hundred million to share it."""
    return hashlib.blake2b(record_id.encode(errors="surrogatepass"), digest_size=SHORT_BYTES).digest()


class Known:
    """Packed entries by record id.

    Records are told apart by ``short``. Should two ever share it, one's entry is found for the other, and whoever
    decides on it learns at its write that it is not the record's own.
    """

    def __init__(self, entries: Iterable[tuple[str, bytes]]) -> None:
        hashes, ends, packed = array("Q"), array("I", [0]), bytearray()
        for record_id, entry in entries:
            hashes.append(_hash(record_id))
            packed += entry
            ends.append(len(packed))
        order = array("I", sorted(range(len(hashes)), key=hashes.__getitem__))
        self._hashes = array("Q", (hashes[place] for place in order))
        self._order = order
        self._ends = ends
        self._packed = packed

    def __len__(self) -> int:
        return len(self._hashes)

    def find(self, record_id: str) -> bytes | None:
        """Return the entry of a record, or None when there was none."""
        wanted = _hash(record_id)
        found = bisect_left(self._hashes, wanted)
        if found == len(self._hashes) or self._hashes[found] != wanted:
            return None
        place = self._order[found]
        return bytes(self._packed[self._ends[place] : self._ends[place + 1]])


def _hash(record_id: str) -> int:
    return int.from_bytes(short(record_id))
