from __future__ import annotations

from pathlib import Path

import pytest
import pytest_django


@pytest.fixture(autouse=True)
def home(settings: pytest_django.SettingsWrapper, tmp_path: Path) -> Path:
    """Reports and staged rows go into the test's own folder."""
    settings.HOME = tmp_path
    return tmp_path
