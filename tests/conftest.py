"""Helpers of the tests assert as tests do: pytest tells what differed in them too, not only in test modules."""

import pytest

pytest.register_assert_rewrite("tests.conformance", "tests.contract", "tests.e2e", "tests.integration", "tests.unit")
