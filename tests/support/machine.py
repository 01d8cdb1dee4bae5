"""What a test needs of the machine, beyond Python."""

import os
from typing import NoReturn

import pytest


def lacks(what: str, remedy: str) -> NoReturn:
    """Skip a test for what this machine lacks, naming the command that brings it; in CI that is a failure."""
    reason = f"{what} is not here; {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
