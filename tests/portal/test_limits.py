"""How often members may send something, counted by what is known of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.members.personal_links import limits
from qunce.members.personal_links.limits import TooManyRequests
from qunce.members.personal_links.models import RequestCount
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MOST = {"person": 2, "device": 3, "address": 3}


def send(person: str, device: str, *, is_known: bool = False, minutes: int = 0) -> None:
    subjects = {"person": person, "device": device, "address": "192.0.2.1"}
    at = AT + timedelta(minutes=minutes)
    limits.count(subjects, most=MOST, is_known=is_known, at=at)


def test_each_subject_has_its_own_count() -> None:
    send("li", "phone", is_known=True)
    send("li", "tablet", is_known=True)
    with pytest.raises(TooManyRequests):
        send("li", "phone", is_known=True)
    # A household shares an address, and refuses nobody whom it knows.
    send("mei", "laptop", is_known=True)
    with pytest.raises(TooManyRequests):
        send("", "unknown")
    counts = sorted(RequestCount.objects.values_list("count", flat=True))
    assert counts == [1, 1, 1, 1, 2, 3, 5]


def test_counts_begin_again_after_ten_minutes() -> None:
    for _time in range(2):
        send("li", "phone", is_known=True)
    send("li", "phone", is_known=True, minutes=10)
    assert limits.prune(at=AT + timedelta(minutes=30)) == 6
    assert not RequestCount.objects.exists()
