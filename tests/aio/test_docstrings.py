"""The examples in docstrings are run as they stand, of the modules that need aiobotocore too."""

from __future__ import annotations

import doctest
import importlib

import pytest
from test_docs import NEEDS_AIOBOTOCORE

pytestmark = pytest.mark.aio


@pytest.mark.parametrize("name", sorted(NEEDS_AIOBOTOCORE))
def test_docstring_examples_run(name: str) -> None:
    """Every example in a docstring gives what it says."""
    module = importlib.import_module(f"botwo.{name}")

    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert result.failed == 0
