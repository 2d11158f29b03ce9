"""Finds groups by what they are: stage, kind, platform, audience, owner, a text."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from qunce.groups.groups import Group, Stage


@dataclass(frozen=True, kw_only=True)
class GroupFilter:
    """Empty fields filter nothing, but without a stage retired groups are left out.

    `text` is in the name or the key.
    """

    stage: str = ""
    kind: str = ""
    platform: str = ""
    audience: str = ""
    owner: int | None = None
    text: str = ""

    def apply(self, rows: models.QuerySet[Group]) -> models.QuerySet[Group]:
        lookups = {
            "state": self.stage,
            "kind": self.kind,
            "platform": self.platform,
            "audience": self.audience,
            "owner_id": self.owner,
        }
        rows = rows.filter(
            **{
                name: value
                for name, value in lookups.items()
                if value not in ("", None)
            }
        )
        if not self.stage:
            rows = rows.exclude(state=Stage.DEAD)
        if self.text:
            rows = rows.filter(
                models.Q(name__icontains=self.text) | models.Q(key__icontains=self.text)
            )
        return rows
