from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    """A folder of the test's own for uploads, reports and sorted rows."""
    settings.HOME = tmp_path
    return tmp_path
