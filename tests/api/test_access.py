"""Every operation with no key, another role, a narrow scope, and another community."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from qunce.api import openapi
from qunce.core.facts.audit import AuditEntry
from qunce.core.facts.facts import Fact
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff import api_keys
from qunce.core.staff.models import Staff
from qunce.groups.moderation.ladders import ladders
from qunce.members.saved_views import saved_views
from tests import two_communities
from tests.clients import ROOT, ApiClient, Response
from tests.two_communities import TwoCommunities

pytestmark = pytest.mark.django_db
PATHS: dict[str, Any] = openapi.build_document(f"{ROOT}/")["paths"]
METHODS = ("get", "post", "put", "patch", "delete")
IDS = {
    "member_id": "member",
    "account_id": "member",
    "other_id": "twin",
    "note_id": "note",
    "tag_id": "other tag",
    "tag_group_id": "tag group",
    "tag_batch_id": "batch",
    "hand_over_id": "hand-over",
    "group_id": "group",
    "order_id": "order",
    "segment_id": "segment",
    "frozen_segment_id": "frozen",
    "layering_id": "layering",
    "campaign_id": "campaign",
    "task_id": "task",
    "staff_task_id": "staff task",
    "task_request_id": "task request",
    "target_id": "member",
    "webhook_id": "endpoint",
    "delivery_id": "delivery",
    "file_id": "upload",
    "material_id": "material",
    "idea_id": "idea",
    "idea_feed_id": "feed",
    "material_file_id": "file",
    "template_id": "template",
    "import_id": "import",
    "attribute_id": "attribute",
    "change_id": "type change",
    "placeholder_id": "placeholder",
    "shared_id": "shared",
    "merge_id": "merge",
    "saved_view_id": "view",
    "job_id": "queued",
    "event_id": "event",
    "tag_job_id": "tag job",
    "staff_id": "staff",
    "role_id": "role",
    "unit_id": "unit",
    "playbook_id": "playbook",
    "welcome_id": "welcome",
    "style_id": "style",
    "tag_rule_id": "tag rule",
    "tag_rule_run_id": "tag rule run",
    "care_rule_id": "care rule",
    "care_occasion_id": "care occasion",
    "message_id": "post",
    "notice_id": "notice",
    "series_id": "series",
    "funnel_id": "funnel",
    "notebook_entry_id": "notebook entry",
    "complaint_id": "complaint",
    "conversation_id": "conversation",
    "answer_id": "reply answer",
    "reply_rule_id": "reply rule",
    "wish_id": "wish",
    "voice_id": "wish voice",
    "goal_id": "goal",
    "version_number": "positioning version",
    "decision_id": "finding decision",
    "report_id": "report",
    "group_template_id": "group template",
    "application_id": "application of group",
    "episode_id": "episode",
    "entry_id": "list entry",
    "request_id": "entry request",
    "set_id": "group set",
    "run_id": "clean-up",
    "number": "moderation case",
    "appeal_id": "appeal",
    "mass_action_id": "mass action",
    "activity_id": "activity",
    "announcement_id": "announcement",
    "line_id": "pasted line",
    "check_in_id": "check-in",
    "card_id": "bought card",
    "redemption_id": "redemption",
    "sign_up_id": "sign-up",
    "submission_id": "submission",
    "attendance_id": "live attendance",
    "reservation_id": "reservation",
    "bid_id": "bid",
    "rule_id": "point rule",
    "adjustment_id": "point adjustment",
    "badge_id": "badge",
    "plan_id": "membership plan",
    "term_id": "membership term",
    "prize_id": "prize",
    "award_id": "award",
    "missed_id": "missed",
    "survey_id": "survey",
    "response_id": "survey response",
    "conflict_id": "survey conflict",
    "game_answer_id": "game answer",
    "round_number": "first",
    "topic_reply_id": "topic reply",
    "post_id": "member post",
}
"""Path parameter → the name under which the fixture knows its id."""
OTHERS = {
    ("/activities/", "entry_id"): "activity entry",
    ("}/draw", "activity_id"): "draw",
    ("}/instant-draw", "activity_id"): "instant draw",
    ("}/red-packets", "activity_id"): "red packet",
    ("}/redemptions", "activity_id"): "mall",
    ("}/reservations", "activity_id"): "flash sale",
    ("}/waitlist", "activity_id"): "flash sale",
    ("}/bids", "activity_id"): "auction",
    ("}/sign-ups", "activity_id"): "meet-up",
    ("}/submissions", "activity_id"): "homework",
    ("}/live-session", "activity_id"): "live session",
    ("/live-session/", "reservation_id"): "live reservation",
    ("}/rounds", "activity_id"): "game",
    ("}/topic-", "activity_id"): "topic",
    ("}/posts", "activity_id"): "post activity",
    ("}/game-", "activity_id"): "game",
}
"""Part of a path and its parameter → the name of the id, where IDS has another path's."""
TEXTS = {
    "report_kind": "weekly",
    "file_format": "svg",
    "name": "education",
    "move_key": "series-1-1",
    "day": "2026-03-05",
    "score_key": "activity",
    "channel": "matrix",
    "use": "feature",
    "rules/{key}": "spam",
    "ladders/{key}": ladders.DEFAULT_KEY,
}
"""Path parameter that is no id → a value that exists.

Where several paths have one of the same name, what is before it says whose it is.
"""
HIDDEN = {
    "member_id",
    "account_id",
    "other_id",
    "group_id",
    "application_id",
    "goal_id",
    "order_id",
    "note_id",
    "merge_id",
    "complaint_id",
    "conversation_id",
    "entry_id",
    "request_id",
    "set_id",
    "run_id",
    "number",
    "appeal_id",
    "mass_action_id",
    "activity_id",
    "award_id",
}
"""Parameters that stand for something the scoped staff member must not see."""


@pytest.fixture
def data() -> TwoCommunities:
    data = two_communities.build()
    view = saved_views.save(
        name="Homely View",
        columns=[],
        filters={},
        sort_by="",
        is_shared=True,
        by=data.owner,
        at=data.at,
    )
    queued = QueuedJob.objects.filter(community=data.community).latest("pk")
    data.ids |= {"view": view.pk, "queued": queued.pk}
    return data


def client_for(data: TwoCommunities, staff: Staff | None) -> ApiClient:
    if staff is None:
        return ApiClient()
    boss = data.owner if staff.community_id == data.community.pk else data.stranger
    _key, token = api_keys.create(
        name="sweep", scopes=api_keys.SCOPES, staff=staff, by=boss, at=data.at
    )
    return ApiClient(token)


def request_all(
    data: TwoCommunities, staff: Staff | None, only: Collection[str] = METHODS
) -> Iterator[tuple[str, str, list[str], Response]]:
    """Send a request to every operation; yields method, path, ids in it and response."""
    client = client_for(data, staff)
    for path, methods in PATHS.items():
        for method in [method for method in methods if method in only]:
            names = re.findall(r"{(\w+)}", path)
            filled = path.removeprefix(ROOT) + _required_query(methods[method])
            for name in names:
                text = TEXTS.get(name)
                if path.endswith("sign-ups.{file_format}") and name == "file_format":
                    text = "csv"
                value = text or _find_key(path) or _find_id(data, path, name)
                filled = filled.replace(f"{{{name}}}", str(value))
            form: dict[str, str] | None = None if method == "get" else {}
            names = [name for name in names if name in IDS]
            yield method, path, names, client.request(method.upper(), filled, form)


def _required_query(operation: dict[str, Any]) -> str:
    """Without what an operation requires, it would refuse before it looks for anything."""
    required = [
        each["name"]
        for each in operation.get("parameters", ())
        if each["in"] == "query" and each.get("required")
    ]
    known = {name: TEXTS[name] for name in required if name in TEXTS}
    return f"?{urlencode(known)}" if known else ""


def _find_id(data: TwoCommunities, path: str, name: str) -> int:
    for (part, parameter), other in OTHERS.items():
        if part in path and parameter == name:
            return data.ids[other]
    return data.ids[IDS[name]]


def _find_key(path: str) -> str:
    return next((value for name, value in TEXTS.items() if f"/{name}" in path), "")


def count_records() -> tuple[int, int]:
    return Fact.objects.count(), AuditEntry.objects.count()


def test_requests_without_a_key_are_rejected(data: TwoCommunities) -> None:
    before = count_records()
    wrong = [
        f"{method} {path}: {response.status}"
        for method, path, _names, response in request_all(data, None)
        if response.status != 401
    ]
    assert wrong == []
    assert count_records() == before


@pytest.mark.both_databases
def test_owner_gets_every_resource(data: TwoCommunities) -> None:
    """Without this, the other tests of this file would pass if nothing were found."""
    statuses = {
        f"{method} {path}": response.status
        for method, path, _names, response in request_all(data, data.owner, ["get"])
        # The import has no broken rows, and the draw has not been drawn.
        if not path.endswith(("problems.csv", "draw/certificate"))
    }
    assert list(statuses.values()).count(200) > len(statuses) / 2
    # 409: there are too few orders for an estimate, and no two runs of the layering.
    assert set(statuses.values()) <= {200, 409, 422}, statuses


def test_viewer_changes_nothing(data: TwoCommunities) -> None:
    wrong, before = [], None
    for method, path, _names, response in request_all(data, data.viewer):
        before = before or count_records()
        if response.status >= 500 or count_records() != before:
            wrong.append(f"{method} {path}: {response.status}")
            before = count_records()
    assert wrong == []


def test_key_of_another_community_finds_nothing(data: TwoCommunities) -> None:
    wrong = []
    for method, path, names, response in request_all(data, data.stranger):
        if names and response.status not in (403, 404, 405, 409, 422):
            wrong.append(f"{method} {path}: {response.status}")
        if names and method == "get" and response.status not in (404, 422):
            wrong.append(f"{method} {path}: {response.status}")
        if response.status >= 500 or "homely" in str(response.body).casefold():
            wrong.append(f"{method} {path}: leaks or fails {response.body}")
    assert wrong == []


def test_scoped_key_finds_nothing_outside_its_scope(data: TwoCommunities) -> None:
    wrong = []
    for method, path, names, response in request_all(data, data.scoped):
        hidden = HIDDEN & set(names)
        if hidden and method == "get" and response.status not in (403, 404):
            wrong.append(f"{method} {path}: {response.status}")
        body = str(response.body)
        if response.status >= 500 or "Hidden M" in body or "13800009999" in body:
            wrong.append(f"{method} {path}: leaks or fails {body[:200]}")
    assert wrong == []
