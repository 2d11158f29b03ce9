"""Circles around the brand, by tags that staff give."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder

NAMES = {
    "core": gettext_lazy("Core circle"),
    "friends": gettext_lazy("Friends and family"),
    "media": gettext_lazy("Media"),
    "partners": gettext_lazy("Partners"),
    "mass": gettext_lazy("Wider public"),
}
CIRCLES = base.register(
    Ladder(
        key="circles",
        order=100,
        name=gettext_lazy("Circles"),
        description=gettext_lazy(
            "By tags that staff give: core, friends and family, media, partners, and the "
            "wider public without such a tag."
        ),
        names=NAMES,
        default="mass",
        tags={f"circle-{key}": name for key, name in NAMES.items() if key != "mass"},
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    key: {"tag": {"any": [f"circle-{key}"]}}
                    for key in NAMES
                    if key != "mass"
                },
                rest="mass",
            ),
        },
    )
)
