"""A community and a folder for files of orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from tests.importing.order_files.order_texts import Files


@pytest.fixture
def files(shop: Community, tmp_path: Path) -> Files:
    return Files(shop, tmp_path)
