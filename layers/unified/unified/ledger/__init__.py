"""The ledger: what was last seen of every record, and how a difference becomes exactly one event.

Webhooks and sweeps only say where to look. Whatever arrives twice, late, out of order or not at all, the ledger
decides what has changed (``unified.ledger.decisions``), and one transaction writes what was seen together with the
event that tells of it (``unified.ledger.ledger``).
"""
