"""The person of staff who opens homework."""

from __future__ import annotations

import pytest

from qunce.core.staff.models import Staff
from tests import factories


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))
