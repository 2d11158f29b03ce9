"""What staff read instead of the scopes of API keys."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

SCOPE_NOUNS = {
    "activities": pgettext_lazy("menu", "Activities"),
    "audit": gettext_lazy("Audit log"),
    "campaigns": gettext_lazy("Campaigns"),
    "channels": gettext_lazy("Channels"),
    "community": gettext_lazy("Community"),
    "facts": gettext_lazy("Facts"),
    "groups": pgettext_lazy("menu", "Groups"),
    "imports": gettext_lazy("Imports"),
    "layers": gettext_lazy("Layers"),
    "materials": gettext_lazy("Materials"),
    "members": gettext_lazy("Members"),
    "metrics": gettext_lazy("Insight"),
    "orders": gettext_lazy("Orders"),
    "segments": gettext_lazy("Segments"),
    "staff": gettext_lazy("Staff"),
    "tags": gettext_lazy("Tags"),
    "tasks": gettext_lazy("Staff tasks"),
    "webhooks": gettext_lazy("Webhooks"),
}


def scope_label(scope: str) -> str:
    """What a key may do; the scope itself for one that has no words yet."""
    noun, _colon, mode = scope.partition(":")
    if noun not in SCOPE_NOUNS:
        return scope
    text = _("%(what)s: read") if mode == "read" else _("%(what)s: write")
    return text % {"what": SCOPE_NOUNS[noun]}
