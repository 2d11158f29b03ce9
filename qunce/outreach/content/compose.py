"""Puts a text and materials together to what is sent. Pure but for the paths of files.

`compose` returns the parts that a person posts one after the other; `to_message` what a
channel gets. A part that the channel cannot send is a problem, with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.channels import channel_contract
from qunce.channels.channel_contract import (
    Attachment,
    AttachmentKind,
    Channel,
    LengthUnit,
)
from qunce.core import money
from qunce.outreach.content import files
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials.models import MaterialVersion

KIND_LABELS: dict[AttachmentKind, StrOrPromise] = {
    AttachmentKind.IMAGE: gettext_lazy("pictures"),
    AttachmentKind.VIDEO: gettext_lazy("videos"),
    AttachmentKind.FILE: gettext_lazy("files"),
    AttachmentKind.LINK: gettext_lazy("link cards"),
    AttachmentKind.MINI_PROGRAM: gettext_lazy("mini-program cards"),
}
LENGTHS: dict[LengthUnit, StrOrPromise] = {
    LengthUnit.CHARACTERS: gettext_lazy("%(n)s of %(most)s characters"),
    LengthUnit.BYTES: gettext_lazy("%(n)s of %(most)s bytes"),
    LengthUnit.UTF16: gettext_lazy("%(n)s of %(most)s UTF-16 units"),
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A text if `kind` is None, else an attachment; `text` is what is copied.

    `version` is the material that it comes from, None for the text of the message. `url`
    is where an attachment leads, if not where its material does.
    """

    text: str
    url: str = ""
    kind: AttachmentKind | None = None
    version: MaterialVersion | None = None
    file: StoredFile | None = None

    @property
    def attachment(self) -> Attachment:
        version = self.version
        if self.kind is None or version is None:
            raise ValueError("a text is no attachment")
        has_file = self.file is not None and self.kind in FILE_KINDS.values()
        cover = None if has_file else version.cover
        return Attachment(
            kind=self.kind,
            title=version.title,
            description=version.text,
            url=self.url or version.url,
            app_id=version.app_id,
            app_path=version.app_path,
            path=_path(self.file) if has_file else None,
            name=self.file.name if self.file else "",
            media_type=self.file.media_type if self.file else "",
            cover=_path(cover),
        )


FILE_KINDS = {
    "image": AttachmentKind.IMAGE,
    "video": AttachmentKind.VIDEO,
    "file": AttachmentKind.FILE,
}


def _path(file: StoredFile | None) -> Path | None:
    return files.path_of(file) if file else None


@dataclass(frozen=True)
class Composition:
    """`problems` are sentences; with any, the message cannot be sent on the channel."""

    parts: tuple[Part, ...]
    problems: tuple[str, ...] = ()

    def to_message(self, channel: Channel) -> tuple[str, tuple[Attachment, ...]]:
        """The text and the attachments of a `channel_contract.Message`."""
        supported = channel.capabilities.attachments
        texts = [part.text for part in self.parts if part.kind not in supported]
        attachments = [p.attachment for p in self.parts if p.kind in supported]
        return "\n\n".join(text for text in texts if text), tuple(attachments)


def compose(
    text: str, versions: Sequence[MaterialVersion], *, channel: Channel
) -> Composition:
    """The parts of a message on a channel, the text first."""
    first = [Part(text=text)] if text.strip() else []
    parts = (*first, *(part for version in versions for part in parts_of(version)))
    return Composition(parts, tuple(_problems(parts, channel)))


def parts_of(version: MaterialVersion) -> Iterator[Part]:
    """The parts that a material is sent as."""
    kind = version.material.kind
    if kind == "text":
        yield Part(text=version.text, version=version)
        return
    if kind == "product":
        yield Part(text=product_text(version), version=version)
    if kind in ("image", "video", "file", "product"):
        for file in version.files:
            attachment = (
                AttachmentKind.FILE if kind == "file" else FILE_KINDS[file.family]
            )
            yield Part(text=file.name, kind=attachment, version=version, file=file)
    if kind in ("link", "video", "product") and version.url:
        copied = f"{version.title}\n{version.url}"
        yield Part(text=copied, kind=AttachmentKind.LINK, version=version)
    if kind in ("mini_program", "product") and version.app_path:
        copied = version.app_path
        yield Part(text=copied, kind=AttachmentKind.MINI_PROGRAM, version=version)
    if kind in ("image", "video", "file") and version.text.strip():
        yield Part(text=version.text, version=version)


def product_text(version: MaterialVersion) -> str:
    """Name, price, selling points and details of a product, as staff post them."""
    points = [point.strip() for point in version.points.split("\n") if point.strip()]
    price = ""
    if version.price is not None:
        price = money.format_with_currency(version.price, version.currency)
    lines = [version.title, price, *(f"· {point}" for point in points)]
    return "\n".join(
        [*(line for line in lines if line), *([version.text] * bool(version.text))]
    )


def _problems(parts: Sequence[Part], channel: Channel) -> Iterator[str]:
    can = channel.capabilities
    for kind in dict.fromkeys(part.kind for part in parts if part.kind):
        # A link without a card is still a link.
        if kind not in can.attachments and kind != AttachmentKind.LINK:
            yield _("“%(channel)s” cannot send %(what)s.") % {
                "channel": channel.label,
                "what": KIND_LABELS[kind],
            }
    count = sum(part.kind in can.attachments for part in parts)
    if count > can.max_attachments:
        yield _(
            "“%(channel)s” sends at most %(most)s attachments; there are %(n)s."
        ) % {
            "channel": channel.label,
            "most": can.max_attachments,
            "n": count,
        }
    text, _attachments = Composition(
        tuple(p for p in parts if p.kind is None)
    ).to_message(channel)
    if sentence := why_too_long(text, channel):
        yield sentence


def why_too_long(text: str, channel: Channel) -> str:
    """The sentence that a text is too long for a channel, or ""."""
    can = channel.capabilities
    if channel_contract.measure(text, can.length_unit) <= can.max_length:
        return ""
    return _("The text is too long for “%(channel)s”: %(length)s.") % {
        "channel": channel.label,
        "length": describe_length(text, channel),
    }


def describe_length(text: str, channel: Channel) -> str:
    """The length of a text in the unit of a channel: “120 of 4,000 characters”."""
    can = channel.capabilities
    length = channel_contract.measure(text, can.length_unit)
    return str(LENGTHS[can.length_unit]) % {
        "n": f"{length:,}",
        "most": f"{can.max_length:,}",
    }
