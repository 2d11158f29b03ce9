"""The pages of campaigns, from the form to the result."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.facts.audit import AuditEntry
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.segments import segments
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import assisted_sending
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def url(view: str, *args: int) -> str:
    return reverse(view if ":" in view else f"outreach:{view}", args=args)


def page(client: Client, view: str, *args: int, query: str = "") -> str:
    answer = client.get(url(view, *args) + query)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def form_data(by: Staff, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Spring",
        "target": "members",
        "audience": "all",
        "exclude": "",
        "text": "Hello {name|friend}",
        "staff": [by.pk],
        "skip_recently_contacted": "on",
        **changes,
    }


def test_empty_list_explains_campaigns(ann: Client) -> None:
    text = page(ann, "campaign-list")
    assert "No campaigns yet" in text
    assert url("campaign-create") in text


def test_campaign_is_created_reviewed_and_started(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob", "cat")
    answer = ann.post(url("campaign-create"), form_data(by))
    campaign = Campaign.objects.get()
    assert answer.status_code == 303
    assert answer.headers["Location"] == url("campaign-review", campaign.pk)
    text = page(ann, "campaign-review", campaign.pk)
    assert "Hello Bob" in text
    assert "Assign 2 members to 1 staff member for sending" in text
    answer = ann.post(url("campaign-start", campaign.pk), {"expected": "2"})
    assert answer.status_code == 303
    campaign.refresh_from_db()
    assert campaign.state == "sending"
    text = page(ann, "campaign-detail", campaign.pk)
    assert "Continue my task" in text
    assert "0 of 2 done" in text
    assert "Spring" in page(ann, "tasks:task-list")
    assert "Spring" in page(ann, "campaign-list", query="?state=sending")
    assert "No campaigns in this state" in page(
        ann, "campaign-list", query="?state=done"
    )


def test_start_is_rejected_if_recipients_have_changed(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob")
    campaign = factories.campaign(by)
    for expected in ("7", "", "x", "9" * 30, "9" * 5_000):
        answer = ann.post(url("campaign-start", campaign.pk), {"expected": expected})
        assert answer.status_code == 422
    assert "would now be sent to 1 recipients" in answer.content.decode()
    campaign.refresh_from_db()
    assert campaign.state == "draft"


def test_rejected_form_keeps_its_values(by: Staff, ann: Client) -> None:
    answer = ann.post(
        url("campaign-create"), form_data(by, text="Dear {nmae}\n=1+1 <b>")
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 1, character 6: There is no variable {nmae}." in text
    assert "=1+1 &lt;b&gt;" in text
    assert not Campaign.objects.exists()
    answer = ann.post(url("campaign-create"), form_data(by, name="", staff=["x"]))
    assert answer.status_code == 422


def test_unfinished_draft_is_saved_and_its_review_is_incomplete(
    by: Staff, ann: Client
) -> None:
    ann.post(url("campaign-create"), form_data(by, audience="", save_draft="1"))
    draft = Campaign.objects.get()
    assert "Choose the recipients." in page(ann, "campaign-review", draft.pk)


def test_segment_or_rule_of_the_url_is_selected(
    shop: Community, by: Staff, ann: Client
) -> None:
    rule = {"tag": {"any": ["vip"]}}
    factories.apply_tag(shop, "vip", *factories.named_members(shop, "bob"))
    segment = segments.create(
        community=shop, key="vips", name="Our VIPs", rule=rule, by=by, at=factories.AT
    )
    text = page(ann, "campaign-create", query=f"?segment={segment.pk}")
    assert re.search(r'<option value="segment:vips" selected>Our VIPs', text)
    text = page(ann, "campaign-create", query=f"?rule={json.dumps(rule)}")
    assert re.search(r'<option value="own" selected>', text)
    ann.post(
        url("campaign-create"), form_data(by, audience="own", rule=json.dumps(rule))
    )
    assert Campaign.objects.get().rule == rule
    unknown = ann.get(url("campaign-create") + '?rule={"odd":1}')
    assert unknown.status_code == 422


def test_invalid_rule_is_rejected(by: Staff, ann: Client) -> None:
    for rule in ("{", '{"tag": {"any": ["nope"]}}', "[" * 5000):
        answer = ann.post(
            url("campaign-create"), form_data(by, audience="own", rule=rule)
        )
        assert answer.status_code == 422


def test_preview_shows_the_text_for_a_member(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob", "cat")
    data = {**form_data(by), "sample_index": "1"}
    text = ann.post(url("campaign-preview"), data).content.decode()
    assert "Hello Cat" in text
    text = ann.post(url("campaign-preview"), {**data, "text": "{x"}).content.decode()
    assert "has no matching “}”" in text
    factories.member(shop, "zed")
    answer = ann.post(
        url("campaign-preview"), {**data, "sample_index": "2", "text": "{name}"}
    )
    assert "There is no value for {name}." in answer.content.decode()
    assert ann.post(url("campaign-preview"), {"target": "mars"}).status_code == 200


def test_campaign_for_groups_is_created(
    shop: Community, by: Staff, ann: Client
) -> None:
    north = groups.create(community=shop, key="n", name="North", by=by, at=factories.AT)
    data = form_data(by, target="groups", groups=[north.pk], text="To {group}")
    ann.post(url("campaign-create"), data)
    campaign = Campaign.objects.get()
    assert (campaign.groups, campaign.rule) == ([north.pk], None)
    text = page(ann, "campaign-review", campaign.pk)
    assert "To North" in text
    assert "Assign 1 group to 1 staff member for sending" in text


def test_campaign_is_paused_updated_resumed_cancelled_and_copied(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob")
    campaign = factories.started_campaign(by)
    assert ann.get(url("campaign-update", campaign.pk)).status_code == 403
    ann.post(url("campaign-pause", campaign.pk))
    assert 'name="audience"' in page(ann, "campaign-create")
    text = page(ann, "campaign-update", campaign.pk)
    assert "The campaign is paused." in text
    assert 'name="audience"' not in text
    data = {"name": "New name", "text": "Other", "due_at": "2099-01-01T10:00"}
    ann.post(url("campaign-update", campaign.pk), data)
    campaign.refresh_from_db()
    assert (campaign.name, campaign.text) == ("New name", "Other")
    assert campaign.due_at == datetime(2099, 1, 1, 2, tzinfo=UTC)
    ann.post(url("campaign-resume", campaign.pk))
    ann.post(url("campaign-cancel", campaign.pk))
    campaign.refresh_from_db()
    assert campaign.state == "cancelled"
    ann.post(url("campaign-copy", campaign.pk))
    assert Campaign.objects.filter(state="draft").count() == 1
    assert ann.post(url("campaign-pause", campaign.pk)).status_code == 403


def test_campaign_is_scheduled_in_the_community_time_zone(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob")
    campaign = factories.campaign(by)
    answer = ann.post(
        url("campaign-schedule", campaign.pk), {"send_at": "2001-01-01T10:00"}
    )
    assert answer.status_code == 422
    assert "in the future" in answer.content.decode()
    answer = ann.post(url("campaign-schedule", campaign.pk), {"send_at": "soon"})
    assert "Choose a date and time." in answer.content.decode()
    ann.post(url("campaign-schedule", campaign.pk), {"send_at": "2099-01-01T10:00"})
    campaign.refresh_from_db()
    assert campaign.send_at == datetime(2099, 1, 1, 2, tzinfo=UTC)
    assert "Starts automatically at 2099-01-01 10:00" in page(
        ann, "campaign-detail", campaign.pk
    )
    ann.post(url("campaign-unschedule", campaign.pk))
    campaign.refresh_from_db()
    assert campaign.state == "draft"


def sent_to(by: Staff, *names: str) -> Campaign:
    factories.named_members(by.community, *names)
    campaign = campaigns.create(
        community=by.community,
        name="Sent",
        text="Hello",
        rule={"all": []},
        staff=[by.pk],
        by=by,
        at=NOW,
    )
    launch.start(campaign=campaign, by=by, at=NOW)
    return campaign


def test_result_recipient_list_and_export_agree(
    shop: Community, by: Staff, ann: Client
) -> None:
    campaign = sent_to(by, "bob", "=cmd", "<img onerror=x>")
    task = factories.task(campaign, by)
    rows = assisted_sending.open_next(task=task, by=by, at=NOW)
    assisted_sending.mark_sent(task=task, target=rows[0].target_id, by=by, at=NOW)
    data: dict[str, Any] = {"reason": "blocked", "note": "since May"}
    assisted_sending.mark_failed(
        task=task, target=rows[1].target_id, by=by, at=NOW, **data
    )
    text = page(ann, "campaign-detail", campaign.pk)
    assert "2 of 3 done" in text
    assert "they blocked or deleted me" in text
    listed = page(ann, "recipient-list", campaign.pk)
    for text in ("&lt;Img Onerror=X&gt;", "since May", "=Cmd"):
        assert text in listed
    only = page(ann, "recipient-list", campaign.pk, query="?state=marked")
    assert "Bob" in only
    assert "=Cmd" not in only
    answer = ann.get(url("recipient-export", campaign.pk))
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    table = list(csv.reader(io.StringIO(content)))
    assert [line[0] for line in table] == [
        "Recipient",
        "Bob",
        "'=Cmd",
        "<Img Onerror=X>",
    ]
    assert table[2][1:3] == ["failed", "they blocked or deleted me · since May"]
    assert AuditEntry.objects.filter(detail={"campaign": "Sent"}).exists()


def test_recipient_export_needs_permission(shop: Community, by: Staff) -> None:
    campaign = sent_to(by, "bob")
    clerk = browser(factories.staff(shop, "operator", "cat"))
    assert clerk.get(url("recipient-export", campaign.pk)).status_code == 403
    assert "CSV" in page(browser(by), "recipient-list", campaign.pk)
    assert "CSV" not in page(clerk, "recipient-list", campaign.pk)


def test_viewer_cannot_change_campaigns(shop: Community, by: Staff) -> None:
    campaign = sent_to(by, "bob")
    eve = browser(factories.staff(shop, "viewer", "eve"))
    assert "Pause" in page(browser(by), "campaign-detail", campaign.pk)
    assert "Pause" not in page(eve, "campaign-detail", campaign.pk)
    assert eve.post(url("campaign-pause", campaign.pk)).status_code == 403
    assert eve.get(url("campaign-create")).status_code == 403


def test_opt_outs_are_recorded_and_undone(shop: Community, ann: Client) -> None:
    (bob,) = factories.named_members(shop, "bob")
    assert "Nobody has opted out" in page(ann, "opt-out-list")
    answer = ann.post(url("opt-out-add"), {"key": "nobody\0"})
    assert answer.status_code == 422
    assert "There is no member “nobody”." in answer.content.decode()
    ann.post(url("opt-out-add"), {"key": "bob"})
    assert "Bob" in page(ann, "opt-out-list")
    ann.post(url("opt-out-undo", bob))
    assert "Nobody has opted out" in page(ann, "opt-out-list")


def test_recipients_are_paged(shop: Community, by: Staff, ann: Client) -> None:
    campaign = sent_to(by, *(f"p{n:03}" for n in range(60)))
    assisted_sending.open_next(
        task=factories.task(campaign, by), by=by, at=NOW, limit=60
    )
    text = page(ann, "recipient-list", campaign.pk)
    assert ("P049" in text, "P050" in text) == (True, False)
    after = re.search(r"after=(\d+)", text)
    assert after
    text = page(ann, "recipient-list", campaign.pk, query=f"?{after[0]}")
    assert ("P049" in text, "P059" in text) == (False, True)
    late = NOW + timedelta(hours=1)
    assert campaigns.get(by=by, pk=campaign.pk).started_at < late  # type: ignore[operator]


HUGE = 10**30


@pytest.mark.parametrize(
    ("view", "args"),
    [
        ("campaign-detail", 1),
        ("recipient-list", 1),
        ("task-detail", 1),
        ("opt-out-undo", 1),
        ("recipient-mark-sent", 2),
        ("recipient-undo", 2),
        ("task-hand-over", 1),
    ],
)
def test_huge_ids_are_not_found(ann: Client, view: str, args: int) -> None:
    request = (
        ann.get
        if view in ("campaign-detail", "recipient-list", "task-detail")
        else ann.post
    )
    assert request(url(view, *[HUGE] * args)).status_code == 404


def test_invalid_query_parameters_are_ignored(
    shop: Community, by: Staff, ann: Client
) -> None:
    campaign = sent_to(by, "bob")
    for query in (
        "?after=x",
        "?after=5000000000",
        f"?after={HUGE}",
        "?state=%00",
        "?before=-1",
        "?page=0",
    ):
        for view in ("campaign-list", "tasks:task-list", "opt-out-list"):
            assert ann.get(url(view) + query).status_code == 200
        assert ann.get(url("recipient-list", campaign.pk) + query).status_code == 200
    for query in (f"?segment={HUGE}", "?segment=x"):
        assert ann.get(url("campaign-create") + query).status_code == 200
    task = factories.task(campaign, by)
    huge = ann.post(url("recipient-mark-sent", task.pk, HUGE))
    assert huge.status_code == 422


def test_hostile_names_are_escaped(shop: Community, by: Staff, ann: Client) -> None:
    hostile = "<img onerror=alert(1)> \u202e=cmd 👩‍👩‍👧 &amp;"
    factories.member(shop, "odd", name=hostile)
    ann.post(
        url("campaign-create"), form_data(by, name=hostile, text=hostile + "{name}")
    )
    campaign = Campaign.objects.get()
    for view in ("campaign-review", "campaign-detail", "campaign-update"):
        text = page(ann, view, campaign.pk)
        assert "<img onerror" not in text
        assert "&lt;img onerror=alert(1)&gt;" in text
    answer = ann.post(url("campaign-create"), form_data(by, name="a\0b", text="c\0d"))
    assert answer.status_code == 422
    answer = ann.post(url("campaign-create"), form_data(by, text="x" * 10_000))
    assert "The text has 10000 characters" in answer.content.decode()
