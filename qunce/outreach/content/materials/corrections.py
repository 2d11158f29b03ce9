"""Corrections of all versions of a material, also of those that messages already name."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from qunce.outreach.content import files
from qunce.outreach.content.materials.models import (
    FileUse,
    Material,
    MaterialVersion,
)

NO_TITLE = "…"


@transaction.atomic
def add_line(*, material_id: int, line: str) -> None:
    """Add a line to the text of every version that does not have it, such as a mark."""
    for version in MaterialVersion.objects.filter(material=material_id):
        if line not in version.text.splitlines():
            text = f"{version.text}\n{line}".strip()
            MaterialVersion.objects.filter(pk=version.pk).update(text=text)


@transaction.atomic
def empty(*, material_id: int, at: datetime) -> None:
    """Delete the texts and files of every version, and archive the material."""
    versions = MaterialVersion.objects.filter(material=material_id)
    uses = FileUse.objects.filter(version__in=versions).select_related(
        "file__community"
    )
    used = {use.file_id: use.file for use in uses}
    FileUse.objects.filter(version__in=versions).delete()
    versions.update(title=NO_TITLE, text="", notes="", points="", url="", app_path="")
    Material.objects.filter(pk=material_id, archived_at__isnull=True).update(
        archived_at=at
    )
    for file in used.values():
        files.discard(file)
