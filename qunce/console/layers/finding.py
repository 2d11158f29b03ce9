"""The layering that an address names."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.members.layers import layers
from qunce.members.layers.layers import Layering


def find(request: http.Request, pk: int) -> Layering:
    rows = Layering.objects.select_related("community")
    found = rows.filter(community=request.community, pk=pk).first()
    if found is None:
        raise layers.LayeringNotFound(_("There is no such layering."))
    return found
