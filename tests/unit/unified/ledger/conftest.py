"""What tests of the ledger borrow: an AWS in this process."""

from __future__ import annotations

from ..connections.conftest import aws_in_process  # noqa: TID252 - test directories are no packages

__all__ = ["aws_in_process"]
