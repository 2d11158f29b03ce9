"""Every URL of the console, from the resolver, with the IDs of existing objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from qunce.console import http
from qunce.insight import chart_script, metric_definitions

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

OBJECT_BY_PARAMETER: dict[str, str] = {
    "welcomes.pk": "welcome",
    "channels.channel": "=matrix",
    "channels.pk": "missed",
    "service_styles.pk": "style",
    "care.pk": "care rule",
    "content_calendar.key": "=series-1-1",
    "content_calendar.micros": "=1",
    "care.kind": "=joined",
    "care:release.pk": "care occasion",
    "moderation.number": "moderation case",
    "moderation.pk": "moderation rule",
    "moderation:answer.pk": "appeal",
    "moderation:approve.pk": "mass action",
    "moderation:refuse.pk": "mass action",
    "moderation:group-mode.pk": "group",
    "moderation:close.pk": "group",
    "moderation:open.pk": "group",
    "moderation:end-stop.pk": "safety stop",
    "moderation:ladder.pk": "ladder",
    "groups.pk": "group",
    "lists.pk": "list entry",
    "entry.pk": "entry request",
    "entry:gate.pk": "group",
    "entry:switch.pk": "group",
    "entry:publish.pk": "group",
    "entry:accept.pk": "group",
    "entry:open.pk": "group",
    "overlaps.pk": "group set",
    "overlaps:run.pk": "clean-up",
    "overlaps:approve.pk": "clean-up",
    "overlaps:refuse.pk": "clean-up",
    "overlaps:undo.pk": "clean-up",
    "points.pk": "point rule",
    "points:approve.pk": "point adjustment",
    "points:decline.pk": "point adjustment",
    "points:member.pk": "member",
    "points:opt-out.pk": "member",
    "points:opt-in.pk": "member",
    "levels.pk": "badge",
    "levels.badge": "badge",
    "levels:plan-update.pk": "membership plan",
    "levels:plan-archive.pk": "membership plan",
    "levels:member.pk": "member",
    "levels:award-badge.pk": "member",
    "levels:revoke-badge.pk": "member",
    "levels:enter-term.pk": "member",
    "levels:cancel-term.pk": "membership term",
    "activities.pk": "activity",
    "activities.kind": "=check_in",
    "activities.announcement": "announcement",
    "activities.check_in": "check-in",
    "activities.card": "bought card",
    "activities.entry": "activity entry",
    "activities.line": "pasted line",
    "prizes.pk": "prize",
    "prizes:award-detail.pk": "award",
    "prizes:claim.pk": "award",
    "prizes:release.pk": "award",
    "prizes:send.pk": "award",
    "prizes:hand-over.pk": "award",
    "prizes:take-back.pk": "award",
    "prizes:show-address.pk": "award",
    "draws.pk": "draw",
    "games.pk": "game",
    "games.number": "=1",
    "games.answer": "game answer",
    "instant_draws.pk": "instant draw",
    "instant_draws:packets.pk": "red packet",
    "polls.pk": "poll",
    "topics.pk": "topic",
    "topics:start.pk": "idea",
    "topics.reply": "topic reply",
    "tiered_tasks.pk": "tiered_task",
    "surveys.pk": "survey",
    "surveys:decide.pk": "survey conflict",
    "surveys.response": "survey response",
    "surveys.picture": "=nothing",
    "surveys.file_format": "=csv",
    "posts.pk": "post activity",
    "posts.post": "member post",
    "posts.picture": "=nothing",
    "mall.pk": "mall",
    "live_sessions.pk": "live session",
    "live_sessions.reservation": "live reservation",
    "live_sessions.attendance": "live attendance",
    "homework.pk": "homework",
    "homework.submission": "submission",
    "meetups.pk": "meet-up",
    "meetups.sign_up": "sign-up",
    "meetups.code": "=23456789ab",
    "meetups.file_format": "=csv",
    "flash_sales.pk": "flash sale",
    "auctions.pk": "auction",
    "auctions.bid": "bid",
    "flash_sales.reservation": "reservation",
    "mall.redemption": "redemption",
    "patrol.pk": "group",
    "patrol.account": "member",
    "group_templates.pk": "group template",
    "group_templates:application.pk": "application of group",
    "group_templates:undo.pk": "application of group",
    "group_templates:group.pk": "group",
    "group_templates:pin.pk": "group",
    "group_templates:unfollow.pk": "group",
    "group_templates:set-playbook.pk": "group",
    "groups.account": "member",
    "groups.moment": "=1",
    "groups.step": "=open",
    "groups.name": "=moves",
    "groups.field": "=purpose",
    "ideas.pk": "idea",
    "ideas:feed-update.pk": "feed",
    "ideas:feed-pause.pk": "feed",
    "ideas:feed-resume.pk": "feed",
    "ideas:feed-fetch.pk": "feed",
    "ideas:feed-remove.pk": "feed",
    "importing.pk": "import",
    "importing.target": "=members",
    "importing:file-detail.pk": "upload",
    "importing:file-preview.pk": "upload",
    "importing:file-import.pk": "upload",
    "importing:file-delete.pk": "upload",
    "notebook.pk": "notebook entry",
    "complaints.pk": "complaint",
    "digests.group": "group",
    "digests.message": "message text",
    "inbox.pk": "conversation",
    "inbox:undo.pk": "reply answer",
    "inbox:rule-update.pk": "reply rule",
    "inbox:rule-on.pk": "reply rule",
    "inbox:rule-off.pk": "reply rule",
    "inbox:rule-archive.pk": "reply rule",
    "inbox:rule-move.pk": "reply rule",
    "inbox.way": "=up",
    "wishes.pk": "wish",
    "wishes.voice": "wish voice",
    "notebook.kind": "=competitor",
    "typed_numbers.pk": "group",
    "login.pk": "staff",
    "login.token": "=nothing",
    "insight.name": f"={metric_definitions.list_names('community')[0]}",
    "insight.pk": "funnel",
    "insight.key": "=activity",
    "insight:finding-withdraw.pk": "finding decision",
    "insight.report_pk": "report",
    "insight.goal_pk": "goal",
    "insight.level": "=group",
    "insight.version": "positioning version",
    "insight.segment_pk": "segment",
    "insight.kind": "=weekly",
    "insight.file_format": "=svg",
    "insight.step": "=1",
    "insight.staff": "=all",
    "insight:chart-script.name": "=" + chart_script.name(),
    "layers.pk": "layering",
    "layers.key": "=phases",
    "materials.pk": "material",
    "materials:file.pk": "file",
    "materials:thumbnail.pk": "file",
    "message_templates.pk": "template",
    "members.pk": "member",
    "members.batch": "batch",
    "members.merge": "merge",
    "members.note": "note",
    "members.tag": "other tag",
    "members.key": "=name",
    "members:view-delete.pk": "view",
    "members:staff-undo.pk": "hand-over",
    "members:attribute-detail.pk": "attribute",
    "members:attribute-type.pk": "attribute",
    "members:identifier-correct.pk": "identifier",
    "members:tag-job.pk": "tag job",
    "members:type-change.pk": "type change",
    "outreach.pk": "campaign",
    "outreach:campaign-update.pk": "draft",
    "outreach:campaign-review.pk": "draft",
    "outreach.account": "member",
    "outreach.target": "member",
    "outreach:task-detail.pk": "task",
    "outreach:task-open-next.pk": "task",
    "outreach:task-hand-over.pk": "task",
    "outreach:recipient-mark-sent.pk": "task",
    "outreach:recipient-fail.pk": "task",
    "outreach:recipient-undo.pk": "task",
    "playbooks.pk": "playbook",
    "playbooks.step": "=a",
    "playbooks.run": "run",
    "playbooks:post-sent.pk": "post",
    "playbooks:post-failed.pk": "post",
    "playbooks:notice-done.pk": "notice",
    "sales.pk": "order",
    "segments.pk": "segment",
    "segments.field": "=tag",
    "segments:frozen-detail.pk": "frozen",
    "series.pk": "series",
    "series.micros": "slot",
    "series:episode.pk": "episode",
    "series:episode-move.pk": "episode",
    "series:episode-delete.pk": "episode",
    "settings.pk": "staff",
    "settings:placeholder-delete.pk": "placeholder",
    "settings:shared-unmark.pk": "shared",
    "settings:rate-remove.currency": "=USD",
    "settings:rate-remove.since": "=2026-01-01",
    "settings:account-unlink.pk": "linked",
    "settings:role-update.pk": "role",
    "settings:role-delete.pk": "role",
    "settings:unit-update.pk": "unit",
    "settings:unit-close.pk": "unit",
    "settings:unit-reopen.pk": "unit",
    "settings:api-key-revoke.pk": "key",
    "settings:entry-link-detail.pk": "entry link",
    "settings:entry-link-revoke.pk": "entry link",
    "settings:job-retry.pk": "job",
    "settings:event-retry.pk": "event",
    "sidebar.pk": "member",
    "sidebar.link": "=1",
    "member_pages.pk": "=1",
    "tasks.pk": "task request",
    "tasks.account": "member",
    "tasks:task-detail.pk": "staff task",
    "tasks:task-finish.pk": "staff task",
    "tasks:task-proof.pk": "staff task",
    "tasks:task-hand-over.pk": "staff task",
    "tasks:outcome-record.pk": "staff task",
    "tasks:outcome-undo.pk": "staff task",
    "tag_rules.pk": "tag rule",
    "tag_rules.kind": "=rule",
    "tag_rules:run-detail.pk": "tag rule run",
    "tag_rules:run-undo.pk": "tag rule run",
    "tags.pk": "tag",
    "tags.other": "other tag",
    "tags.synonym": "synonym",
    "tags.name": "=education",
    "tags:batch-undo.pk": "batch",
    "tags:group-update.pk": "tag group",
    "webhooks.pk": "endpoint",
    "webhooks.delivery": "delivery",
}
"""`namespace:view.parameter` → the kind of object whose ID it is.

`namespace.parameter` applies to all other views of the namespace. A value after `=` is
used literally.
"""


@dataclass(frozen=True)
class ViewUrl:
    path: str
    view: str
    callback: Any
    objects: tuple[str, ...]

    @property
    def access(self) -> str | None:
        """The required permission, "signed in" or "public"; None if undeclared."""
        return getattr(self.callback, http.ACCESS_ATTRIBUTE, None)

    def __str__(self) -> str:
        return f"{self.view} /{self.path}"


class UnknownParameter(Exception):
    """Add the object of a new URL parameter to `OBJECT_BY_PARAMETER`."""


def list_urls(ids: Mapping[str, int]) -> list[ViewUrl]:
    return [
        _fill_in(path, view, callback, ids)
        for path, view, callback in _walk(get_resolver(), "", "")
        if callback.__module__.startswith("qunce.console")
    ]


def _walk(
    resolver: URLResolver, prefix: str, namespace: str
) -> Iterator[tuple[str, str, Any]]:
    for part in resolver.url_patterns:
        path = prefix + str(part.pattern)
        if isinstance(part, URLPattern):
            yield path, f"{namespace}:{part.name}", part.callback
        else:
            yield from _walk(part, path, part.namespace or namespace)


def _fill_in(path: str, view: str, callback: Any, ids: Mapping[str, int]) -> ViewUrl:
    objects = []

    def value_of(match: re.Match[str]) -> str:
        name, namespace = match[1], view.partition(":")[0]
        kind = OBJECT_BY_PARAMETER.get(f"{view}.{name}") or OBJECT_BY_PARAMETER.get(
            f"{namespace}.{name}"
        )
        if kind is None:
            raise UnknownParameter(f"{view} {path}: {name}")
        objects.append(kind)
        return kind[1:] if kind.startswith("=") else str(ids[kind])

    return ViewUrl(PARAMETER.sub(value_of, path), view, callback, tuple(objects))
