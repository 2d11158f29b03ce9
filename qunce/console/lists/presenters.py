"""Entries as their pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext

from qunce.console import http
from qunce.groups import labels
from qunce.groups import visibility as group_visibility
from qunce.groups.lists.models import ListEntry, ListName
from qunce.members.accounts import channel_labels, masking


@dataclass(frozen=True)
class Row:
    entry: ListEntry
    name: str
    platform: str
    groups: Sequence[str]
    hidden_groups: int
    is_over: bool


def name_of(entry: ListEntry, request: http.Request) -> str:
    return entry.name or masking.key(entry.channel_key, request.staff)


def rows(request: http.Request, entries: Sequence[ListEntry]) -> list[Row]:
    visible = dict(
        group_visibility.list_visible(request.staff).values_list("pk", "name")
    )
    found = []
    for entry in entries:
        own = [group.pk for group in entry.groups.all()]
        names = [visible[pk] for pk in own if pk in visible]
        found.append(
            Row(
                entry,
                name_of(entry, request),
                str(
                    labels.PLATFORMS.get(entry.channel)
                    or channel_labels.label_of(entry.channel)
                ),
                names,
                len(own) - len(names),
                not entry.is_active(request.at),
            )
        )
    return found


def heading_of(list_name: str) -> str:
    if list_name == ListName.WHITE:
        return pgettext("list of people", "Whitelist")
    return pgettext("list of people", "Blacklist")
