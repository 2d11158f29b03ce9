"""The form of a material: its fields depend on its kind, and its files are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console import http
from qunce.core import errors, money
from qunce.outreach.content import files
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials import kinds
from qunce.outreach.content.materials.kinds import MaterialKind
from qunce.outreach.content.materials.models import (
    MAX_TEXT_LENGTH,
    ContentType,
    Material,
)

MAX_FILES_SENT = 20
MAX_TEXT_SENT = MAX_TEXT_LENGTH * 2
"""Line breaks of a form are two characters."""


class MaterialForm(forms.Form):
    """`files` are those that are kept, in their order; new ones come as `upload`."""

    title = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("Staff find the material by it; cards show it, too."),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_TEXT_SENT,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    points = forms.CharField(
        label=gettext_lazy("Selling points"),
        required=False,
        max_length=MAX_TEXT_SENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One per line."),
    )
    price = forms.CharField(label=gettext_lazy("Price"), required=False, max_length=20)
    stock = forms.IntegerField(
        label=gettext_lazy("Stock"),
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy(
            "With 0 it is sold out and cannot be sent. Leave it empty if you do not count."
        ),
    )
    url = forms.CharField(
        label=gettext_lazy("Web link"),
        required=False,
        max_length=2_000,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    app_id = forms.CharField(
        label=gettext_lazy("AppID of the mini-program"), required=False, max_length=64
    )
    app_path = forms.CharField(
        label=gettext_lazy("Page of the mini-program"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"placeholder": "pages/item?id=1"}),
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes for staff"),
        required=False,
        strip=False,
        max_length=MAX_TEXT_SENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("When and how to use it. Members never see this."),
    )
    content_type = forms.ChoiceField(
        label=gettext_lazy("Content type"),
        choices=ContentType.choices,
        widget=forms.RadioSelect,
        initial=ContentType.KNOWLEDGE,
    )
    folder = forms.CharField(
        label=gettext_lazy("Folder"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"list": "folders", "autocomplete": "off"}),
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=1_000,
        help_text=gettext_lazy("Separated by commas."),
    )
    origin = forms.CharField(
        label=gettext_lazy("Origin"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "The source, such as own photo or the name of a studio."
        ),
    )
    licence = forms.CharField(
        label=gettext_lazy("Licence"), required=False, max_length=200
    )
    licence_until = forms.DateField(
        label=gettext_lazy("Licence ends on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The last day on which it may be sent."),
    )

    def __init__(
        self,
        request: http.Request,
        kind: MaterialKind,
        data: Any = None,
        *,
        material: Material | None = None,
    ) -> None:
        super().__init__(data, initial=_initial_values(material) if material else None)
        self.request, self.kind = request, kind
        self.kept = self._find_kept(material)
        for name in ("text", "points", "price", "url", "app_id", "app_path"):
            if not kind.has(name):
                del self.fields[name]
        if "text" in self.fields:
            self.fields["text"].label = kind.text_label
        if kind.key != "product":
            del self.fields["stock"]
        else:
            currency = request.community.currency
            self.fields["price"].label = _("Price in %(currency)s") % {
                "currency": currency
            }

    def _find_kept(self, material: Material | None) -> list[StoredFile]:
        if not self.is_bound:
            return material.version.files if material else []
        sent = self.request.POST.getlist("files")[:MAX_FILES_SENT]
        pks = [int(pk) for pk in sent if pk.isascii() and pk.isdigit() and len(pk) < 17]
        # A file that was uploaded more than a day ago and never used is gone.
        return files.find_all(self.request.community, pks)

    def store_files(self, uploaded: Sequence[UploadedFile[bytes]]) -> None:
        """Store new files, so that they are kept even if another field is wrong."""
        for upload in uploaded[:MAX_FILES_SENT]:
            try:
                stored = files.store(
                    content=upload.file,  # type: ignore[arg-type]
                    name=upload.name or "",
                    by=self.request.staff,
                    at=self.request.at,
                )
            except errors.Invalid as error:
                self.add_error(None, str(error))
            else:
                # A single file is replaced.
                kept = self.kept if self.kind.files > 1 else []
                self.kept = [*kept, stored]

    def clean_price(self) -> int | None:
        text = self.cleaned_data["price"].strip()
        if not text:
            return None
        try:
            return money.parse_units(text, self.request.community.currency)
        except errors.Invalid as error:
            raise forms.ValidationError(str(error)) from None

    def to_arguments(self) -> dict[str, Any]:
        """The arguments of `library.create` and `library.update`."""
        values = dict(self.cleaned_data)
        tags = values["tags"].replace("，", ",").replace("、", ",")
        return values | {"tags": tags.split(","), "files": self.kept}


def _initial_values(material: Material) -> dict[str, Any]:
    version = material.version
    price = ""
    if version.price is not None:
        price = money.format_amount(version.price, version.currency)
    names = ("title", "text", "points", "url", "app_id", "app_path", "notes")
    own = ("content_type", "folder", "origin", "licence", "licence_until", "stock")
    return {
        **{name: getattr(version, name) for name in names},
        **{name: getattr(material, name) for name in own},
        "tags": _(", ").join(material.tags),
        "price": price,
    }


def kind_of(request: http.Request) -> MaterialKind:
    """The kind that is asked for in the address."""
    return kinds.get(request.GET.get("kind", "text"))
