"""Times in forms, of which the first and last of all exist in no other time zone."""

from __future__ import annotations

import pytest
from django import forms
from django.urls import reverse

from qunce.activities.activities.models import Activity
from qunce.console.moments import MomentField
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
OUTSIDE = (
    "0001-01-01 00:00",
    "1899-12-31 23:59",
    "2200-01-01 00:00",
    "9999-12-31 23:59",
)


@pytest.mark.parametrize("moment", OUTSIDE)
def test_a_time_outside_of_the_years_is_refused(moment: str) -> None:
    with pytest.raises(forms.ValidationError, match="Enter a valid date/time"):
        MomentField().clean(moment)


@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_no_activity_starts_or_ends_then(field: str, moment: str) -> None:
    client = browser(factories.staff(factories.community(language="en")))
    given = {"name": "Tea", "starts_at": "2026-12-05T10:00", field: moment}
    answer = client.post("/activities/new/check_in/", given)
    assert answer.status_code == 422
    assert "Enter a valid date/time" in answer.content.decode()
    assert not Activity.objects.exists()
    assert client.get(reverse("activities:list")).status_code == 200


def test_times_are_read_as_before() -> None:
    assert MomentField().clean("2026-03-05 20:00").year == 2026
    assert MomentField(required=False).clean("") is None
