"""The pages of complaints."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_settings
from qunce.groups.complaints.models import Complaint
from tests import clients, factories

pytestmark = pytest.mark.django_db
PAGE = "/groups/complaints/"
FORM = {"kind": "after_sales", "topic": "quality", "title": "Cup <b>", "order": "o1"}


def shown(response: Any) -> str:
    return str(response.content.decode())


def test_a_case_is_raised_answered_closed_and_opened_again(
    shop: Community, ann: Client, by: Staff
) -> None:
    factories.member(shop, "bob", name="Bob Miller")
    factories.order(shop, "bob", 1234)
    assert "No case yet" in shown(ann.get(PAGE))
    wrong = ann.post(f"{PAGE}new/", FORM | {"member": "nobody at all"})
    assert wrong.status_code == 422
    assert "There is no member" in shown(wrong)
    assert ann.post(f"{PAGE}new/", FORM | {"member": "bob"}).status_code == 303
    case = Complaint.objects.get()
    assert "Cup &lt;b&gt;" in shown(ann.get(PAGE))
    page = shown(ann.get(f"{PAGE}{case.pk}/"))
    assert "Bob Miller" in page
    assert "12.34" in page
    again = ann.post(f"{PAGE}new/", FORM | {"member": "bob"})
    assert again.status_code == 422
    assert f"Case {case.pk} of this member" in shown(again)
    ann.post(f"{PAGE}{case.pk}/start/")
    ann.post(f"{PAGE}{case.pk}/answer/", {"text": ""})
    case.refresh_from_db()
    assert case.state == "in_work"
    ann.post(f"{PAGE}{case.pk}/answer/", {"text": "We send a new one"})
    assert "We send a new one" in shown(ann.get(f"{PAGE}{case.pk}/"))
    ann.post(f"{PAGE}{case.pk}/close/", {"outcome": "replaced"})
    ann.post(f"{PAGE}{case.pk}/rating/", {"rating": "2"})
    assert "rated 2 of 5" in ann.get(f"{PAGE}{case.pk}/").content.decode()
    assert ann.post(f"{PAGE}{case.pk}/rating/", {"rating": "9"}).status_code == 303
    assert "Cup &lt;b&gt;" not in shown(ann.get(PAGE))
    assert "Cup &lt;b&gt;" in shown(ann.get(PAGE, {"state": "closed"}))
    ann.post(f"{PAGE}{case.pk}/reopen/")
    ann.post(f"{PAGE}{case.pk}/assign/", {"staff": ""})
    ann.post(f"{PAGE}{case.pk}/notes/", {"text": "Called her"})
    case.refresh_from_db()
    assert (case.state, case.owner) == ("open", None)
    assert "Called her" in shown(ann.get(f"{PAGE}{case.pk}/"))
    changed = FORM | {"title": "Lid", "due_at": "2030-01-01T10:00"}
    assert ann.post(f"{PAGE}{case.pk}/edit/", changed).status_code == 303
    assert "Lid" in shown(ann.get(PAGE, {"owner": "nobody", "q": "lid"}))


def test_words_are_edited_as_lines(shop: Community, ann: Client) -> None:
    page = shown(ann.get(f"{PAGE}settings/"))
    assert "坏了" in page
    form = {"complaint_hours": "4", "after_sales_hours": "8"}
    wrong = ann.post(f"{PAGE}settings/", form | {"topics": "Lids: x"})
    assert wrong.status_code == 422
    ok = ann.post(f"{PAGE}settings/", form | {"topics": "Lids：wobbly，loose"})
    assert ok.status_code == 303
    found = complaint_settings.get(shop)
    assert found.topics[0].words == ("wobbly", "loose")
    assert found.raises_from_messages is False


def test_viewers_see_no_cases(shop: Community, ann: Client) -> None:
    ann.post(f"{PAGE}new/", FORM)
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    pk = Complaint.objects.get().pk
    for path in (PAGE, f"{PAGE}{pk}/", f"{PAGE}new/", f"{PAGE}settings/"):
        assert viewer.get(path).status_code == 403
    assert viewer.post(f"{PAGE}{pk}/start/").status_code == 403
    assert ann.get(f"{PAGE}{pk}/").status_code == 200
