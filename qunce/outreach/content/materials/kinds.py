"""The kinds of materials: what each has, what it needs, and how its card looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_PICTURES = 9
ACCOMPANYING = gettext_lazy("Text that goes with it")


@dataclass(frozen=True, kw_only=True)
class MaterialKind:
    """`fields` are those of a version; one field of each tuple in `needs` must be filled.

    `families` are the files that it may have, and `files` is how many at most.
    """

    key: str
    label: StrOrPromise
    icon: str
    text_label: StrOrPromise = ACCOMPANYING
    fields: tuple[str, ...] = ("text",)
    needs: tuple[tuple[str, ...], ...] = ()
    families: tuple[str, ...] = ()
    files: int = 0

    def has(self, field: str) -> bool:
        return field in (*self.fields, "title", "notes")


KINDS = {
    kind.key: kind
    for kind in (
        MaterialKind(
            key="text",
            label=pgettext_lazy("material", "text"),
            icon="chat-bubble-bottom-center-text",
            text_label=gettext_lazy("Text"),
            needs=(("text",),),
        ),
        MaterialKind(
            key="image",
            label=pgettext_lazy("material", "picture"),
            icon="photo",
            needs=(("files",),),
            families=("image",),
            files=MAX_PICTURES,
        ),
        MaterialKind(
            key="link",
            label=pgettext_lazy("material", "link"),
            icon="link",
            text_label=gettext_lazy("Description on the card"),
            fields=("url", "text"),
            needs=(("url",),),
            families=("image",),
            files=1,
        ),
        MaterialKind(
            key="video",
            label=pgettext_lazy("material", "video"),
            icon="film",
            fields=("url", "text"),
            needs=(("files", "url"),),
            families=("video",),
            files=1,
        ),
        MaterialKind(
            key="mini_program",
            label=pgettext_lazy("material", "mini-program card"),
            icon="squares-2x2",
            fields=("app_id", "app_path", "text"),
            needs=(("app_id",), ("app_path",)),
            families=("image",),
            files=1,
        ),
        MaterialKind(
            key="file",
            label=pgettext_lazy("material", "file"),
            icon="document",
            needs=(("files",),),
            families=("file", "image", "video"),
            files=1,
        ),
        MaterialKind(
            key="product",
            label=pgettext_lazy("material", "product card"),
            icon="shopping-bag",
            text_label=gettext_lazy("Details"),
            fields=("points", "text", "price", "url", "app_id", "app_path"),
            needs=(("price",), ("url", "app_path")),
            families=("image",),
            files=MAX_PICTURES,
        ),
    )
}
FIELD_LABELS: dict[str, StrOrPromise] = {
    "text": gettext_lazy("the text"),
    "files": gettext_lazy("a file"),
    "url": gettext_lazy("a link"),
    "app_id": gettext_lazy("the mini-program's AppID"),
    "app_path": gettext_lazy("the page of a mini-program"),
    "price": gettext_lazy("a price"),
}


class UnknownKind(errors.Invalid):
    """There is no such kind of material."""


def get(key: str) -> MaterialKind:
    if key not in KINDS:
        raise UnknownKind(
            _("There is no kind of material “%(kind)s”. Possible are: %(kinds)s.")
            % {"kind": key, "kinds": _(", ").join(KINDS)}
        )
    return KINDS[key]
