"""Materials as cards, rows of the picker and parts of a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from qunce.core import money
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import content_uses
from qunce.outreach.content import compose
from qunce.outreach.content.compose import Part
from qunce.outreach.content.files import Depth, StoredFile
from qunce.outreach.content.materials import checks, search
from qunce.outreach.content.materials.models import Material, MaterialVersion
from qunce.outreach.links import tracked_links

SNIPPET_LENGTH = 90


@dataclass(frozen=True)
class Card:
    """`warning` says why it cannot be sent, `ending` that its licence ends soon."""

    material: Material
    version: MaterialVersion
    cover: StoredFile | None
    snippet: str
    price: str
    uses: int
    warning: str
    ending: bool
    is_chosen: bool = False

    @property
    def content_label(self) -> str:
        return str(self.material.get_content_type_display())


def cards(materials: Iterable[Material], by: Staff, at: datetime) -> list[Card]:
    counts = content_uses.count_by_material(by=by)
    return [
        card_of(material.version, at, uses=counts[material.pk])
        for material in materials
    ]


def card_of(
    version: MaterialVersion, at: datetime, *, uses: int = 0, is_chosen: bool = False
) -> Card:
    material = version.material
    return Card(
        material=material,
        version=version,
        cover=version.cover,
        snippet=snippet(version),
        price=price(version),
        uses=uses,
        warning=checks.why_version_not_sendable(version, at, Depth.SIZE),
        ending=search.licence_state(material, at) == "ending",
        is_chosen=is_chosen,
    )


def snippet(version: MaterialVersion) -> str:
    """The beginning of what the material says."""
    names = _(", ").join(file.name for file in version.files)
    for text in (version.text, version.points, version.url, version.app_path, names):
        if line := " ".join(text.split()):
            return line if len(line) <= SNIPPET_LENGTH else f"{line[:SNIPPET_LENGTH]}…"
    return ""


def price(version: MaterialVersion) -> str:
    if version.price is None:
        return ""
    return money.format_with_currency(version.price, version.currency)


@dataclass(frozen=True)
class ShownPart:
    """A part of a message. One that `differs` is copied from the row of its recipient."""

    part: Part
    differs: bool = False

    @property
    def kind(self) -> str:
        return self.part.kind or "text"

    @property
    def text(self) -> str:
        return self.part.text

    @property
    def file(self) -> StoredFile | None:
        return self.part.file

    @property
    def version(self) -> MaterialVersion | None:
        return self.part.version


def parts_of(versions: Sequence[MaterialVersion]) -> list[ShownPart]:
    return [
        ShownPart(part) for version in versions for part in compose.parts_of(version)
    ]


def common_parts(versions: Sequence[MaterialVersion]) -> list[ShownPart]:
    """The parts of a message to several recipients, each of whom has links of their own."""
    return [
        ShownPart(shown.part, differs=tracked_links.differs_by_target(shown.text))
        for shown in parts_of(versions)
    ]
