"""A setting that is a table: typed values by program, and rows of fields in the form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from qunce.activities.activities import activities, kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Choices,
    InvalidSetting,
    Kind,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
SEEN: list[tuple[str, str]] = [("7", "Cup"), ("8", "Bag")]


def list_seen(by: Staff) -> Choices:
    return SEEN


def take_part(attempt: Attempt) -> Reply:
    return Reply(text="yours")


COLUMNS = (
    SettingField(name="text", label="Option", is_required=True, max_length=20),
    SettingField(
        name="count", label="How many", type="number", default=1, least=1, most=9
    ),
    SettingField(
        name="prize",
        label="Prize",
        type="choice",
        choices=list_seen,
        none_label="none",
    ),
)
KIND = Kind(
    key="rows_of_tests",
    label="rows",
    description="For tests.",
    keywords=("rows",),
    take_part=take_part,
    describe=lambda activity, *, has_page=True: [],
    metrics=lambda activity, people, at: [],
    aim=kind_contract.Aim.VOICE,
    portal_template="portal/activities/_draw.html",
    settings_form=(
        SettingField(
            name="options",
            label="Options",
            type="rows",
            columns=COLUMNS,
            default=[],
            least_rows=1,
            most_rows=10,
        ),
    ),
)
FORM = {
    "name": "Which bean",
    "text": "Choose.",
    "starts_at": "2026-03-05T20:00",
    "may_join": "all",
    "notified": "",
    "points": "no_limit",
    "money": "no_limit",
    "setting_options-rows": "3",
    "setting_options-0-text": "Kenya",
    "setting_options-0-count": "2",
    "setting_options-0-prize": "7",
    "setting_options-1-count": "1",
    "setting_options-2-text": "<b>Peru</b>",
    "setting_options-2-count": "1",
}
STORED = [
    {"text": "Kenya", "count": 2, "prize": "7"},
    {"text": "<b>Peru</b>", "count": 1, "prize": ""},
]


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    kind_contract.register(KIND)
    yield
    kind_contract.unregister(KIND.key)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def ann(by: Staff) -> Client:
    return clients.browser(by)


def create(by: Staff, options: Any) -> Activity:
    return activities.create(
        community=by.community,
        kind=KIND.key,
        by=by,
        at=AT,
        name="Which bean",
        starts_at=AT,
        settings={"options": options},
    )


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ([], "Options"),
        (["Kenya"], "Options"),
        ([{"text": "Kenya", "price": 3}], "Options"),
        ([{"text": ""}], "Options, row 1: Option"),
        ([{"text": "Kenya"}, {"text": "Peru", "count": 10}], "row 2: How many"),
        ([{"text": "Kenya", "count": None}], "row 1: How many"),
        ([{"text": "Kenya", "prize": "9"}], "row 1: Prize"),
        ([{"text": "a" * 21}], "row 1: Option"),
        ([{"text": f"bean {n}"} for n in range(11)], "at most 10 lines"),
    ],
)
def test_a_refusal_names_row_and_column(by: Staff, options: Any, place: str) -> None:
    with pytest.raises(InvalidSetting, match=place):
        create(by, options)
    assert not Activity.objects.exists()


def test_rows_have_a_value_in_each_column(by: Staff) -> None:
    activity = create(by, [{"text": " Kenya "}])
    assert activity.settings["options"] == [{"text": "Kenya", "count": 1, "prize": ""}]


def test_what_is_chosen_stays_though_it_is_seen_no_longer(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity = create(by, STORED)
    monkeypatch.setattr("tests.activities.activities.test_setting_rows.SEEN", [])
    settings = {"options": [STORED[0]]}
    activities.change(activity=activity, by=by, at=AT, settings=settings)
    assert activity.settings == settings
    with pytest.raises(InvalidSetting, match="Prize"):
        activities.change(
            activity=activity,
            by=by,
            at=AT,
            settings={"options": [{"text": "Peru", "prize": "8"}]},
        )


def test_empty_rows_of_the_form_are_left_out(ann: Client) -> None:
    response = ann.post("/activities/new/rows_of_tests/", FORM)
    activity = Activity.objects.get()
    assert response.headers["Location"].endswith(f"/activities/{activity.pk}/")
    assert activity.settings["options"] == STORED
    page = ann.get(f"/activities/{activity.pk}/edit/").content.decode()
    assert "&lt;b&gt;Peru&lt;/b&gt;" in page
    assert 'name="setting_options-rows" value="3"' in page


def test_a_cell_without_its_value_is_asked_for(ann: Client) -> None:
    answers = {
        "setting_options-0-text": "",
        "setting_options-2-count": "",
    }
    response = ann.post("/activities/new/rows_of_tests/", FORM | answers)
    assert response.status_code == 422
    assert response.content.decode().count("This is needed.") == 2
    assert not Activity.objects.exists()


def test_more_rows_keep_what_is_typed_and_judge_nothing(ann: Client) -> None:
    typed = FORM | {"more": "options", "name": "", "setting_options-0-count": "x"}
    response = ann.post("/activities/new/rows_of_tests/", typed)
    page = response.content.decode()
    assert response.status_code == 200
    assert 'name="setting_options-rows" value="8"' in page
    assert 'value="Kenya"' in page
    assert "This is needed." not in page
    assert "error" not in page.partition("<main")[2].partition("</main>")[0]
    assert not Activity.objects.exists()


@pytest.mark.parametrize("count", ["", "x", "-1", "９", "99999999999"])
def test_a_forged_number_of_rows_is_no_error(ann: Client, count: str) -> None:
    response = ann.post(
        "/activities/new/rows_of_tests/", FORM | {"setting_options-rows": count}
    )
    assert response.status_code in (303, 422)


def test_programs_read_the_columns(by: Staff) -> None:
    api = clients.ApiClient(clients.create_token(by, None))
    kinds = api.get("/activity-kinds").body["items"]
    (found,) = [each for each in kinds if each["key"] == KIND.key]
    (options,) = found["settings"]
    columns = {each["name"]: each for each in options["columns"]}
    assert list(columns) == ["text", "count", "prize"]
    assert columns["prize"]["choices"] == ["7", "8"]


@pytest.mark.parametrize("hidden", ["9", "2", 9, 2, True])
def test_what_another_column_holds_is_no_choice_that_was_made(
    by: Staff, hidden: Any
) -> None:
    # “9” is a prize that they do not see, and the text of an option.
    stored = [{"text": "9", "count": 2, "prize": "7"}]
    activity = create(by, stored)
    with pytest.raises(InvalidSetting, match="choose something that there is"):
        activities.change(
            activity=activity,
            by=by,
            at=AT,
            settings={"options": [{**stored[0], "prize": hidden}]},
        )
    activity.refresh_from_db()
    assert activity.settings["options"] == stored


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Shanghai"])
@pytest.mark.parametrize(
    "time",
    [
        *("0001-01-01T00:00", "9999-12-31T23:59", "1970-12-31T23:59"),
        *("9999-12-31T23:59-12:00", "0001-01-01T00:00+14:00"),
    ],
)
def test_times_at_the_end_of_the_calendar_are_refused(time: str, zone: str) -> None:
    by = factories.staff(factories.community(language="en", timezone=zone))
    slot = {"starts": time, "minutes": 60, "capacity": 1}
    for settings in ({"starts": time}, {"slots": [slot]}):
        with pytest.raises(InvalidSetting, match="a time such as"):
            activities.create(
                community=by.community,
                kind="meetup",
                by=by,
                at=AT,
                name="Walk",
                starts_at=AT,
                settings=settings,
            )
