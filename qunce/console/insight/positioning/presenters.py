"""The positioning sheet as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qunce.console import http
from qunce.console.insight import presenters as number_presenters
from qunce.insight.positioning import circles, hook_results, sheet, sheets
from qunce.insight.positioning.circles import ServedCount
from qunce.insight.positioning.hook_results import HookResult
from qunce.insight.positioning.models import PositioningVersion
from qunce.insight.positioning.sheet import Sheet

MAX_VERSIONS = 200
"""The newest versions, which a page lists."""


@dataclass(frozen=True, kw_only=True)
class HookRow:
    """`urls` are the lists of the members behind each number."""

    result: HookResult
    urls: Mapping[str, str]


def list_hooks(content: Sheet, days: int, request: http.Request) -> list[HookRow]:
    found = hook_results.list_results(
        content, days=days, by=request.staff, at=request.at
    )
    return [
        HookRow(
            result=each,
            urls={
                name: number_presenters.members_url(rule)
                for name, rule in each.rules.items()
            },
        )
        for each in found
    ]


@dataclass(frozen=True, kw_only=True)
class ServedRow:
    count: ServedCount
    url: str


def list_served(content: Sheet, request: http.Request) -> list[ServedRow]:
    found = circles.list_counts(content, by=request.staff, at=request.at)
    return [
        ServedRow(count=each, url=number_presenters.members_url(each.rule))
        for each in found
    ]


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """`parts` are the names of what changed."""

    version: PositioningVersion
    parts: tuple[str, ...]


def list_versions(request: http.Request) -> list[VersionRow]:
    return [
        VersionRow(
            version=each,
            parts=tuple(
                str(sheet.LABELS[name]) for name in each.fields if name in sheet.LABELS
            ),
        )
        for each in sheets.list_versions(request.staff)[:MAX_VERSIONS]
    ]
