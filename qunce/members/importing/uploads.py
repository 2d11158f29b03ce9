"""Files that came in through the console: kept until they are imported, then a week.

What a look at the whole file told stands in the row, and its first rows lie beside it,
so that choosing what each column means never reads the file again.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import errors, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members.importing import jobs

if TYPE_CHECKING:
    from qunce.sets.files.sources import Source

KEPT = timedelta(days=7)
PART = ".part"
HEAD = ".head"
SAMPLE = 5_000
"""Rows looked at before an import starts; it checks them all."""
SPARE = 1 << 30
"""Bytes that stay free on the disk: the databases need room."""


class Upload(models.Model):
    """`found` is what examining told, `chosen` how the file is to be read: the target,
    what columns mean, the sheet, and so on. `gone_at` is when the file was removed."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    file = models.CharField(max_length=80)
    size = models.BigIntegerField()
    found: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    chosen: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    created_at = instants.InstantField()
    gone_at = instants.InstantField(null=True)
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["community", "-id"], name="upload_newest")]

    def __str__(self) -> str:
        return self.name
