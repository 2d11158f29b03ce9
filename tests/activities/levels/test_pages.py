"""Pages, API and commands of levels, for staff and for members (E9)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.activities.levels import badges, memberships, schemes
from qunce.activities.levels.models import (
    Badge,
    BadgeAward,
    MembershipPlan,
    MembershipTerm,
)
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.activities.levels import builders
from tests.cli.runner import in_this_process
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = {
    "count": "3",
    "period": "month",
    "days": "90",
    "grace_days": "3",
    "gift_budget": "",
    "level-0-name": "Silver",
    "level-0-points": "100",
    "level-0-percent": "100",
    "level-1-name": "Gold",
    "level-1-points": "500",
    "level-1-percent": "150",
    "level-1-title": "Tea friend",
}


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann", name="王小明").pk


def test_levels_are_counted_before_they_are_saved(
    shop: Community, by: Staff, ann: int
) -> None:
    now = datetime.now(UTC)
    builders.earn(ann, 120, now)
    client = clients.browser(by)
    assert client.get("/activities/levels/").context["rows"] == []
    page = client.post("/activities/levels/define/", {**ROWS, "preview": "1"})
    preview = page.context["preview"]
    assert (preview.higher, preview.lower, preview.rows[0].people) == (1, 0, 1)
    assert not schemes.list_all(shop)
    wrong = client.post(
        "/activities/levels/define/", {**ROWS, "level-1-points": "50", "save": "1"}
    )
    assert wrong.status_code == 422
    assert wrong.context["form"].levels[1].errors["points"]
    saved = client.post("/activities/levels/define/", {**ROWS, "save": "1"})
    assert saved.status_code == 303
    assert [each.name for each in schemes.list_all(shop)] == ["Silver", "Gold"]
    client.post("/activities/levels/start/")
    builders.define(
        shop,
        *(
            schemes.LevelInput(
                key=each.key,
                name=each.name,
                title=each.title,
                points=schemes.points_of(each) or 1,
                percent=each.percent,
            )
            for each in schemes.list_all(shop)
        ),
        at=now,
    )
    listed = client.get("/activities/levels/").content.decode()
    assert "Tea friend" in listed
    assert "1.5" in listed
    shown = client.get(f"/members/{ann}/").content.decode()
    assert "Gold" in shown
    assert "380" in shown


def test_badges_and_memberships_by_hand(shop: Community, by: Staff, ann: int) -> None:
    client = clients.browser(by)
    factories.segment(shop, "loyal", {"all": []})
    made = client.post(
        "/activities/levels/badges/new/",
        {"name": "Regular", "letters": "R", "rule": "segment:loyal", "description": ""},
    )
    assert made.status_code == 303, made.content.decode()
    badge = Badge.objects.get()
    assert badge.rule == {"segment": {"any": ["loyal"]}}
    for path in ("badges/", f"badges/{badge.pk}/", f"badges/{badge.pk}/edit/"):
        assert "Regular" in client.get(f"/activities/levels/{path}").content.decode()
    client.post(f"/activities/levels/badges/{badge.pk}/start/")
    url = f"/activities/levels/members/{ann}/"
    client.post(f"{url}badge/", {"badge": badge.pk, "reason": "Helped"})
    assert BadgeAward.objects.get().reason == "Helped"
    client.post(f"{url}badge/{badge.pk}/revoke/", {"reason": ""})
    assert BadgeAward.objects.get().revoked_at is None
    client.post(f"{url}badge/{badge.pk}/revoke/", {"reason": "Typed wrongly"})
    assert BadgeAward.objects.get().revoke_reason == "Typed wrongly"
    made = client.post(
        "/activities/levels/memberships/new/",
        {
            "name": "Club",
            "months": "12",
            "remind_days": "14",
            "category": "",
            "level": "",
        },
    )
    assert made.status_code == 303, made.content.decode()
    plan = MembershipPlan.objects.get()
    client.post(f"{url}membership/", {"plan": plan.pk, "key": "k", "months": "1"})
    client.post(f"{url}membership/", {"plan": plan.pk, "key": "k", "months": "1"})
    term = MembershipTerm.objects.get()
    page = client.get(url).content.decode()
    assert "Club" in page
    client.post(f"/activities/levels/terms/{term.pk}/cancel/", {"reason": "Wrong"})
    term.refresh_from_db()
    assert term.cancel_reason == "Wrong"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_member_sees_level_badges_and_card(
    shop: Community, by: Staff, ann: int, language: str
) -> None:
    now = datetime.now(UTC)
    builders.define(shop, at=now)
    builders.earn(ann, 600, now)
    badge = badges.create(community=shop, name="Tea", letters="茶", by=by, at=now)
    badges.award(badge=badge, account_id=ann, by=by, at=now)
    plan = memberships.create_plan(community=shop, name="Club", by=by, at=now)
    memberships.enter(plan=plan, account_id=ann, key="k", by=by, at=now)
    phone = Phone(shop, language=language)
    page = phone.sign_in(ann)
    for text in ("Gold", "Tea friend", "茶", "Club", "1.5"):
        assert text in page
    # Anonymous visitors read nothing of it.
    assert "Tea friend" not in Phone(shop, language=language).open("me")
    picture = phone.client.get(f"/p/{shop.key}/me/card.png")
    assert picture.headers["Content-Type"] == "image/png"
    assert "Gold" in phone.open("me/card")


def test_api_and_commands(
    shop: Community, ann: int, capsys: pytest.CaptureFixture[str]
) -> None:
    api = clients.create_client(shop)
    levels = [{"name": "Silver", "points": 100}, {"name": "Gold", "points": 500}]
    body = {"period": "month", "grace_days": 0, "levels": levels}
    now = datetime.now(UTC)
    builders.earn(ann, 100, now)
    assert api.post("/levels/preview", body).body["higher"] == 1
    made = api.request("PUT", "/levels", body).body["levels"]
    assert [row["key"] for row in made] == ["level-1", "level-2"]
    assert api.request("PUT", "/levels/state", {"is_on": True}).body["is_on"]
    run = in_this_process(capsys, "--lang", "en")
    assert "1" in run("levels", "recount").output
    found = api.get(f"/members/{ann}/level").body
    assert (found["level"], found["next_level"], found["missing"]) == (
        "level-1", "level-2", 400
    )  # fmt: skip
    badge = api.post("/badges", {"name": "Tea", "letters": "T", "key": "tea"}).body
    awarded = api.request("PUT", f"/members/{ann}/badges/{badge['id']}", {})
    assert awarded.body["badge"] == "tea"
    api.post(f"/members/{ann}/badges/{badge['id']}/revoke", {"reason": "No"})
    plan = api.post("/membership-plans", {"name": "Club", "level_key": "level-2"}).body
    term = api.post(
        f"/members/{ann}/memberships", {"plan_id": plan["id"], "key": "k", "months": 1}
    ).body
    done = api.post(f"/membership-terms/{term['id']}/cancel", {"reason": "No"})
    assert done.body["is_cancelled"]
