"""Materials and their versions, which never change.

Folder, tags, type, origin and licence belong to the material and may change at any time.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from qunce.core import errors, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials import kinds
from qunce.outreach.content.materials.kinds import MaterialKind

MAX_TEXT_LENGTH = 10_000
MAX_URL_LENGTH, MAX_PATH_LENGTH = 2_000, 500
CONTENT_FIELDS = (
    "title",
    "text",
    "notes",
    "url",
    "app_id",
    "app_path",
    "points",
    "price",
    "currency",
    "files",
)
"""Fields of a version; `files` is a list of StoredFile."""
FIELDS = (
    "content_type",
    "folder",
    "tags",
    "origin",
    "licence",
    "licence_until",
    "stock",
)
"""Fields of the material itself."""


class MaterialNotFound(errors.NotFound):
    """There is no such material in this community."""


class InvalidMaterial(errors.Invalid):
    """A field of a material is missing or cannot be stored."""


class MaterialNotSendable(errors.Refused):
    """The material is archived or sold out, or its licence has expired."""


class ContentType(models.TextChoices):
    KNOWLEDGE = "knowledge", pgettext_lazy("material", "knowledge")
    CARE = "care", pgettext_lazy("material", "care")
    KOC = "koc", pgettext_lazy("material", "KOC")
    OFFER = "offer", pgettext_lazy("material", "offer")
    FUN = "fun", pgettext_lazy("material", "fun")


@personal_texts.erased_in("folder", "tags", "licence", sentences=("origin",))
class Material(models.Model):
    """`licence_until` is the last day on which it may be sent.

    `stock` is for products, None if it is not counted.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    content_type = models.CharField(max_length=10, choices=ContentType.choices)
    folder = models.CharField(max_length=80, default="", blank=True)
    tags: models.JSONField[Any, Any] = models.JSONField(default=list)
    origin = models.CharField(max_length=200, default="", blank=True)
    licence = models.CharField(max_length=200, default="", blank=True)
    licence_until = models.DateField(null=True)
    stock = models.PositiveIntegerField(null=True)
    current = models.ForeignKey(
        "MaterialVersion", models.PROTECT, related_name="+", null=True
    )
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    archived_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.version.title

    @property
    def version(self) -> MaterialVersion:
        """The newest version. Every material that was saved has one."""
        if self.current is None:
            raise MaterialNotFound(_("There is no such material."))
        return self.current

    @property
    def type(self) -> MaterialKind:
        return kinds.KINDS[self.kind]


# Texts for everybody, in which a name may be any word: names go with a number only.
@personal_texts.erased_in(
    "title",
    "text",
    "notes",
    "points",
    "url",
    "app_path",
    community="material__community_id",
)
class MaterialVersion(models.Model):
    """`text` is sent, `notes` are for staff. `points` are selling points, one per line."""

    material = models.ForeignKey(Material, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    text = models.TextField(default="", blank=True)
    notes = models.TextField(default="", blank=True)
    url = models.CharField(max_length=MAX_URL_LENGTH, default="", blank=True)
    app_id = models.CharField(max_length=64, default="", blank=True)
    app_path = models.CharField(max_length=MAX_PATH_LENGTH, default="", blank=True)
    points = models.TextField(default="", blank=True)
    price = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_material_version"
        constraints = [
            models.UniqueConstraint(
                fields=["material", "number"], name="one_version_per_number"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def files(self) -> list[StoredFile]:
        return [use.file for use in self.file_uses.all()]

    @property
    def cover(self) -> StoredFile | None:
        """The first picture."""
        return next((file for file in self.files if file.family == "image"), None)


class FileUse(models.Model):
    """A file of a version, in the order of `position`."""

    version = models.ForeignKey(
        MaterialVersion, models.PROTECT, related_name="file_uses"
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="uses")
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "outreach_file_use"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.file_id} in {self.version_id}"
