"""Our own export of members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import SKIP, FileFormat

FORMAT = FileFormat(
    label=_("a list of members that Qunce exported"),
    target="members",
    recognised_by=("Key", "Name", "Channel", "Joined", "Left", "Source", "Tags"),
    fields={
        "Key": "key",
        "Name": "name",
        # An account keeps its channel.
        "Channel": SKIP,
        "Joined": "joined_at",
        "Left": "left_at",
        "Source": "source",
        "Phone": "phone",
        "E-mail": "email",
        "Tags": "tags",
    },
)
