"""What no activity, prize, draw or point can hold, at every door: refused with its remedy.

Each line is a value, and each door is asked with it: the form, the API, the command line,
pasted lines and files. Nothing is half done, nothing is spent, and nothing is a 500.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.test import Client
from PIL import Image

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry
from qunce.activities.check_ins import make_up_cards
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.activities.draws import draws
from qunce.activities.draws.models import DrawPrize
from qunce.activities.kinds import base
from qunce.activities.points import spending
from qunce.activities.points.models import PointAdjustment, PointEntry, PointRule
from qunce.activities.prizes import codes
from qunce.activities.prizes.models import PrizeCode, PrizeStock
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from tests import clients, factories
from tests.activities import running
from tests.activities.draws import builders
from tests.activities.points import builders as point_builders
from tests.cli.runner import in_this_process
from tests.clients import ApiClient
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
ACTIVITY_FORM = {
    "name": "Thirty pages",
    "text": "Read.",
    "starts_at": "2026-03-05T20:00",
    "may_join": "all",
    "refusal": "For readers.",
    "notified": "",
    "points": "no_limit",
    "money": "no_limit",
    **{
        f"setting_{each.name}": str(each.default)
        for each in base.get("check_in").settings_form
        if isinstance(each.default, int | str) and each.default is not False
    },
}
ACTIVITY = {
    "kind": "check_in",
    "name": "Thirty pages",
    "text": "Read.",
    "refusal": "For readers.",
    "starts_at": "2026-03-05T12:00:00Z",
}
PRIZE_FORM = {
    "name": "Cup",
    "kind": "pick_up",
    "total": "5",
    "claim_days": "14",
    "unclaimed": "return",
}
PRIZE = {"name": "Cup", "kind": "pick_up", "total": 5}
RULE_FORM = {
    "name": "Reviews",
    "event": "review",
    "points": "10",
    "wait_days": "0",
    "valid_days": "365",
    "starts_on": "2026-03-01",
    "day_cap_mode": "off",
    "week_cap_mode": "off",
    "month_cap_mode": "off",
}
NUL, HALF = "a\0b", "a\ud800b"
TABLES: tuple[type[models.Model], ...] = (
    *(Activity, Answer, Entry, CheckIn, MakeUpCard, DrawPrize, PointAdjustment),
    *(PointEntry, PointRule, PrizeCode, PrizeStock),
)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="America/Los_Angeles")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def ann(by: Staff) -> Client:
    return clients.browser(by, raise_request_exception=False)


@pytest.fixture
def api(by: Staff) -> ApiClient:
    return ApiClient(clients.create_token(by, None))


def count_rows() -> list[int]:
    return [table._default_manager.count() for table in TABLES]


# Forms


@pytest.mark.parametrize(
    ("url", "form", "wrong", "remedy"),
    [
        ("prizes/new/", PRIZE_FORM, {"total": "-1"}, "greater than or equal to 1"),
        ("prizes/new/", PRIZE_FORM, {"total": "0"}, "greater than or equal to 1"),
        ("prizes/new/", PRIZE_FORM, {"total": "1000001"}, "less than or equal to"),
        ("prizes/new/", PRIZE_FORM, {"total": "1e3"}, "Enter a whole number"),
        ("prizes/new/", PRIZE_FORM, {"claim_days": "0"}, "greater than or equal to 1"),
        ("prizes/new/", PRIZE_FORM, {"amount": "5"}, "has no amount"),
        ("prizes/new/", PRIZE_FORM, {"cost": "-1"}, "0 or more"),
        ("prizes/new/", PRIZE_FORM, {"name": NUL}, "Null characters are not allowed"),
        ("new/check_in/", ACTIVITY_FORM, {"ends_at": "2026-03-05T19:00"}, "later end"),
        ("new/check_in/", ACTIVITY_FORM, {"ends_at": "2027-03-07T19:00"}, "a year"),
        # 02:30 does not exist on the day on which summer time begins.
        (
            "new/check_in/",
            ACTIVITY_FORM,
            {"starts_at": "2026-03-08T02:30"},
            "couldn’t be interpreted in time zone",
        ),
        ("new/check_in/", ACTIVITY_FORM, {"starts_at": "soon"}, "valid date/time"),
        ("new/check_in/", ACTIVITY_FORM, {"points": "at_most"}, "Give a number"),
        (
            "new/check_in/",
            ACTIVITY_FORM,
            {"points": "none", "points_limit": "5"},
            "Choose “at most”",
        ),
        (
            "new/check_in/",
            ACTIVITY_FORM,
            {"money": "no_limit", "money_limit": "5"},
            "Choose “at most”",
        ),
        ("new/check_in/", ACTIVITY_FORM, {"points": "0"}, "not one of the available"),
        (
            "new/check_in/",
            ACTIVITY_FORM,
            {"money": "at_most", "money_limit": "-1"},
            "is between 0 and",
        ),
        ("points/new/", RULE_FORM, {"points": "0"}, "greater than or equal to 1"),
        ("points/new/", RULE_FORM, {"day_cap_mode": "at_most"}, "Enter how many"),
        ("points/new/", RULE_FORM, {"day_cap_count": "5"}, "Choose “at most”"),
        (
            "points/new/",
            RULE_FORM,
            {"day_cap_mode": "at_most", "day_cap_count": "0"},
            "greater than or equal to 1",
        ),
        ("points/new/", RULE_FORM, {"valid_days": "-1"}, "greater than or equal to 1"),
    ],
)
def test_form_names_the_field_and_the_remedy(
    ann: Client, url: str, form: dict[str, str], wrong: dict[str, str], remedy: str
) -> None:
    before = count_rows()
    answer = ann.post(f"/activities/{url}", form | wrong)
    assert answer.status_code == 422, answer.status_code
    assert remedy in answer.content.decode()
    assert count_rows() == before
    assert ann.post(f"/activities/{url}", form).status_code in (302, 303)


@pytest.mark.parametrize(
    ("mode", "limit", "stored"),
    [("none", "", 0), ("no_limit", "", None), ("at_most", "7", 7)],
)
def test_none_no_limit_and_at_most_are_three_words(
    ann: Client, mode: str, limit: str, stored: int | None
) -> None:
    fields = {"points": mode, "points_limit": limit}
    ann.post("/activities/new/check_in/", ACTIVITY_FORM | fields)
    made = Activity.objects.get()
    assert made.points_limit == stored
    page = ann.get(f"/activities/{made.pk}/edit/").content.decode()
    assert f'value="{mode}" selected' in page


@pytest.mark.parametrize("count", ["-1", "0", "1000000", "ten", "1" * 400])
def test_form_of_a_draw_takes_no_odd_number_of_prizes(
    ann: Client, by: Staff, count: str
) -> None:
    prize = builders.prize(by, total=1_000_000)
    draw = draws.prepare(activity=builders.activity(by), by=by, at=AT)
    url = f"/activities/draws/{draw.activity_id}/prizes/"
    answer = ann.post(url, {"stock_0": prize.pk, "count_0": count})
    assert answer.status_code == 422
    assert not draw.prizes.exists()
    ann.post(url, {"stock_0": prize.pk, "count_0": "3"})
    assert draw.prizes.get().count == 3


@pytest.mark.parametrize("count", ["-1", "0", "1000000", "ten", ""])
def test_form_adds_no_odd_stock(ann: Client, by: Staff, count: str) -> None:
    prize = builders.prize(by)
    url = f"/activities/prizes/{prize.pk}/stock/"
    page = ann.post(url, {"count": count}, follow=True).content.decode()
    assert "Give a stock from 1 to 1,000,000." in page
    prize.refresh_from_db()
    assert (prize.total, prize.left) == (10, 10)


@pytest.mark.parametrize("points", ["0", "1e9", "12.5", "-5000000000000", "十", ""])
def test_form_gives_no_odd_points(ann: Client, shop: Community, points: str) -> None:
    bob = factories.member(shop, "bob").pk
    url = f"/activities/points/members/{bob}/"
    form = {"points": points, "reason": "thanks", "key": "f"}
    assert ann.post(url, form, follow=True).status_code in (200, 422)
    assert not PointEntry.objects.exists()
    ann.post(url, form | {"points": "5"})
    assert PointEntry.objects.get().amount == 5


# The API


@pytest.mark.parametrize(
    ("path", "body", "wrong", "field"),
    [
        ("/prizes", PRIZE, {"total": -1}, "total"),
        ("/prizes", PRIZE, {"total": 0}, "total"),
        ("/prizes", PRIZE, {"total": 10**7}, "total"),
        ("/prizes", PRIZE, {"total": 1.5}, "total"),
        ("/prizes", PRIZE, {"total": 10**30}, "total"),
        ("/prizes", PRIZE, {"name": " "}, "name"),
        ("/prizes", PRIZE, {"kind": "car"}, "There is no kind of prize"),
        ("/prizes", PRIZE, {"unclaimed": "keep"}, "unclaimed"),
        ("/activities", ACTIVITY, {"ends_at": "2026-03-05T11:59:00Z"}, "later end"),
        ("/activities", ACTIVITY, {"starts_at": "2026-03-08T02:30:00"}, "starts_at"),
        ("/activities", ACTIVITY, {"points_limit": "none"}, "points_limit"),
        ("/activities", ACTIVITY, {"points_limit": -1}, "points_limit"),
        ("/activities", ACTIVITY, {"money_limit": 10**16}, "money_limit"),
        ("/activities", ACTIVITY, {"settings": {"proof": "odds"}}, "What members do"),
        ("/activities", ACTIVITY, {"settings": {"odds": 101}}, "odds"),
    ],
)
def test_api_names_the_field(
    api: ApiClient, path: str, body: dict[str, Any], wrong: dict[str, Any], field: str
) -> None:
    before = count_rows()
    answer = api.post(path, body | wrong)
    assert answer.status in (404, 422), answer
    assert field in str(answer.body)
    assert count_rows() == before
    assert api.post(path, body).status == 201


@pytest.mark.parametrize("text", [b"a\\u0000b", b"a\\ud800b"])
def test_api_takes_no_text_that_no_database_stores(api: ApiClient, text: bytes) -> None:
    body = b'{"name": "' + text + b'", "kind": "pick_up", "total": 5}'
    assert api.request("POST", "/prizes", body).status in (400, 422)
    assert not PrizeStock.objects.exists()


@pytest.mark.parametrize("text", [NUL, HALF])
def test_verbs_store_no_broken_text_whoever_calls_them(by: Staff, text: str) -> None:
    """What the doors let through, such as an argument of the command line."""
    bob = factories.member(by.community, "bob").pk
    activity = running.running(by, settings={"proof": "text"})
    before = count_rows()
    source = MakeUpCard.Source.STAFF
    calls: list[Callable[[], object]] = [
        lambda: running.join(activity, bob, said=text),
        lambda: running.join(activity, bob, key=text),
        lambda: base.rehearse(activity=activity, said=text, by=by, at=AT),
        lambda: lifecycle.pause(activity=activity, reason=text, by=by, at=AT),
        lambda: lifecycle.cancel(activity=activity, reason=text, by=by, at=AT),
        lambda: activities.change(activity=activity, text=text, by=by, at=AT),
        lambda: running.draft(by, name=text),
        lambda: running.draft(by, settings={"themes": [text]}),
        lambda: running.draft(by, announcements={"start": (0, text)}),
        lambda: make_up_cards.grant(
            community=by.community,
            account_id=bob,
            source=source,
            key=text,
            by=by,
            at=AT,
        ),
        lambda: builders.prize(by, name=text),
        lambda: builders.prize(by, instructions=text),
        lambda: codes.upload(
            prize=builders.prize(by, kind="code"), text=text, by=by, at=AT
        ),
        lambda: point_builders.award(bob, 5, text),
        lambda: spending.spend(account_id=bob, amount=1, key=text, by=by, at=AT),
        lambda: point_builders.rule(by.community, name=text),
    ]
    for number, call in enumerate(calls):
        with pytest.raises(errors.QunceError), transaction.atomic():
            call()
        assert count_rows() == before, number


# Pasted lines, the command line and files


def test_command_line_stores_no_broken_text(
    by: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    said = HALF
    factories.member(by.community, "bob")
    activity = running.running(by, settings={"proof": "text"})
    run = in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en")
    before = count_rows()
    for words in (
        ("activities", "enter", str(activity.pk), "bob", "--said", said),
        ("activities", "enter", str(activity.pk), "bob", "--key", said),
        ("activities", "pause", str(activity.pk), said),
        ("points", "give", "bob", "5", "--reason", said, "--key", "k"),
        ("points", "spend", "bob", "5", "--key", said),
    ):
        done = run(*words)
        assert done.code != 70, done.errors
        assert "Traceback" not in done.errors
    assert not CheckIn.objects.exists()
    assert not PointEntry.objects.exists()
    activity.refresh_from_db()
    assert activity.state == "running"
    assert count_rows()[3:] == before[3:]


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "1.5"])
def test_command_line_knows_no_odd_number(
    by: Staff, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    factories.member(by.community, "bob")
    run = in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en")
    for words in (
        ("activities", "show", number),
        ("activities", "submit", number),
        ("points", "spend", "bob", number, "--key", "k"),
        ("points", "earn", "bob", "none", "k", "--points", number),
        ("points", "reverse", "none", "--refunded", number),
    ):
        done = run(*words)
        assert done.code not in (0, 70), words
        assert done.errors
        assert "Traceback" not in done.errors
    assert not PointEntry.objects.exists()


def test_ten_thousand_pasted_lines_are_answered_in_one_piece(by: Staff) -> None:
    """More entries than one paste takes are refused whole; other lines are only counted."""
    north = factories.group(
        by.community, "north", *factories.named_members(by.community, "bob")
    )
    activity = running.running(by)
    api = ApiClient(clients.create_token(by, None))
    path = f"/activities/{activity.pk}/lines"
    many = "\n".join(f"M{n}: check in" for n in range(10_000))
    refused = api.post(path, {"group_id": north.pk, "text": many})
    assert refused.status == 422
    assert "at most 500" in str(refused.body)
    assert not Entry.objects.exists()
    talk = "Bob: check in\n" + "\n".join(f"hello {n}" for n in range(9_990))
    taken = api.post(path, {"group_id": north.pk, "text": talk})
    assert taken.status == 200
    assert [row["state"] for row in taken.body["lines"]] == ["taken"]
    assert Account.objects.get(pk=Entry.objects.get().account_id).name == "Bob"


# Uploads


def fifty_megapixels() -> bytes:
    file = io.BytesIO()
    Image.new("1", (10_000, 5_000)).save(file, "PNG")
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("codes.txt", "A-1\nA-2")
    return file.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg">\n<script>alert(1)</script>\n</svg>'
FILES: dict[str, Callable[[], bytes]] = {
    "big.png": fifty_megapixels,
    "big.txt": fifty_megapixels,
    "codes.jpg": zipped,
    "codes.csv": zipped,
    "codes.svg": lambda: SVG,
    "codes.xlsx": zipped,
    "latin.txt": lambda: b"caf\xe9\n\xff\xff",
}


@pytest.mark.parametrize("name", FILES)
def test_uploads_of_codes_and_parcels_take_text_only(
    ann: Client, by: Staff, name: str
) -> None:
    prize = builders.prize(by, kind="code")
    content = FILES[name]()
    for url in (f"{prize.pk}/codes/", "awards/parcels/"):
        file = SimpleUploadedFile(name, content)
        page = ann.post(f"/activities/prizes/{url}", {"file": file}, follow=True)
        assert page.status_code == 200, url
        assert "This is no text file" in page.content.decode(), url
    assert not PrizeCode.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_codes_of_a_text_file_are_taken(ann: Client, by: Staff, encoding: str) -> None:
    prize = builders.prize(by, kind="code")
    content = "券-甲\r\nA-2\r\n券-甲".encode(encoding)
    file = SimpleUploadedFile("codes.TXT", content)
    page = ann.post(
        f"/activities/prizes/{prize.pk}/codes/", {"file": file}, follow=True
    )
    assert "2 codes added" in page.content.decode()
    assert {row.code for row in PrizeCode.objects.all()} == {"券-甲", "A-2"}
