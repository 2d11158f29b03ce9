"""Materials and message templates, which no rule of moderation should hit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db.models import Max
from django.utils.translation import gettext as _

from qunce.groups.moderation.rules import own_texts
from qunce.groups.moderation.rules.own_texts import OwnText
from qunce.outreach.content.materials.models import MaterialVersion
from qunce.outreach.content.message_templates import TemplateVersion

if TYPE_CHECKING:
    from qunce.core.communities import Community


@own_texts.register
def materials(community: Community) -> Iterator[OwnText]:
    """The latest versions of materials in use."""
    rows = MaterialVersion.objects.filter(
        material__community=community, material__archived_at__isnull=True
    )
    latest = rows.values("material").annotate(last=Max("pk")).values("last")
    for title, text in rows.filter(pk__in=latest.order_by()).values_list(
        "title", "text"
    ):
        yield OwnText(_("a material"), f"{title}\n{text}".strip())


@own_texts.register
def templates(community: Community) -> Iterator[OwnText]:
    """The latest versions of message templates in use."""
    rows = TemplateVersion.objects.filter(
        template__community=community, template__archived_at__isnull=True
    )
    latest = rows.values("template", "variant").annotate(last=Max("pk")).values("last")
    for text in rows.filter(pk__in=latest.order_by()).values_list("text", flat=True):
        yield OwnText(_("a message template"), text)
