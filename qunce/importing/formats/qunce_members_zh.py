"""Our own export of members, with headings in Chinese."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import SKIP, FileFormat

FORMAT = FileFormat(
    label=_("a list of members that Qunce exported"),
    target="members",
    recognised_by=("标识", "姓名", "渠道", "加入社群", "离开社群", "来源", "标签"),
    fields={
        "标识": "key",
        "姓名": "name",
        # An account keeps its channel.
        "渠道": SKIP,
        "加入社群": "joined_at",
        "离开社群": "left_at",
        "来源": "source",
        "手机": "phone",
        "邮箱": "email",
        "标签": "tags",
    },
)
