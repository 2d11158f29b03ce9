"""What is known about an import once it has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.importing.jobs import reports
from tests.importing import helpers

pytestmark = pytest.mark.django_db


def test_ended_import_has_true_numbers_and_times(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,name\na,Ann\nb,Bob\n")
    record = reports.describe(helpers.run(shop, path, "members").job)
    numbers = [record[name] for name in ("rows_done", "rows_expected", "rows_read")]
    assert numbers == [2, 2, 2]
    assert record["phase"] == ""
    assert record["finished_at"] > record["started_at"]
