"""The picker of materials, a part of other forms: `_picker.html` with `picker_context`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.materials import presenters
from qunce.console.materials.presenters import Card
from qunce.outreach.content.materials import library, search
from qunce.outreach.content.materials.search import Filters

MAX_PICKED = 12
"""Materials that the picker shows at once; the search finds the others."""
MAX_QUERY_LENGTH = 80


class MaterialsField(forms.Field):
    """The ids of versions, in the order in which they were chosen."""

    widget = forms.MultipleHiddenInput

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Materials"), required=False)

    def to_python(self, value: Any) -> list[int]:
        try:
            return [int(pk) for pk in value or [] if len(str(pk)) < 17]
        except ValueError:
            raise forms.ValidationError(_("There is no such material.")) from None


@dataclass(frozen=True)
class Picker:
    """Cards that are chosen, and cards that may be added."""

    chosen: list[Card]
    found: list[Card]
    more: int
    searched: str


def build(request: http.Request, chosen: Sequence[int | str]) -> Picker:
    """The picker of a form in which these versions are chosen."""
    texts = [str(pk) for pk in chosen]
    pks = [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 17]
    versions = library.find_versions(request.community, pks)
    taken = {version.material_id for version in versions}
    query = request.GET.get("q", "").replace("\0", "")[:MAX_QUERY_LENGTH]
    found = search.find(request.staff, Filters(query=query), at=request.at)
    others = [material for material in found if material.pk not in taken]
    return Picker(
        chosen=[
            presenters.card_of(version, request.at, is_chosen=True)
            for version in versions
        ],
        found=[
            presenters.card_of(material.version, request.at)
            for material in others[:MAX_PICKED]
        ],
        more=max(len(others) - MAX_PICKED, 0),
        searched=query,
    )


@require_GET
@http.page()
def find(request: http.Request) -> HttpResponse:
    """Materials to add to a message, as the picker of a form shows them."""
    picker = build(request, request.GET.getlist("materials"))
    context: dict[str, Any] = {
        "found": picker.found,
        "more": picker.more,
        "searched": picker.searched,
    }
    return http.render(request, "console/materials/_found.html", context)
