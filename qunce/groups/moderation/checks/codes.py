"""QR codes and barcodes in pictures and stickers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import Check, CompiledCheck, Judgement
from qunce.groups.moderation.checks.contacts import ALLOWED, AllowList
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import (
    NONE,
    OFF,
    Flag,
    Limit,
    LimitOption,
    Option,
)
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.contents import contact_details, image_codes, normalisation
from qunce.groups.moderation.contents.image_codes import Code

MAX_FILES = 20
"""Files of one message that are read."""


class CompiledCodes(CompiledCheck):
    def __init__(self, check: CodeCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._limits: dict[bool, Limit] = {
            False: options["qr_codes"],
            True: options["barcodes"],
        }
        self._allowed = AllowList(options["allowed"])
        self._reports_unreadable: bool = options["unreadable"]

    def judge(self, subject: Subject, state: base.State | None = None) -> Judgement:
        if not subject.files:
            return base.NOTHING
        found: dict[bool, list[tuple[str, Code]]] = {False: [], True: []}
        evidence = []
        for index, file in enumerate(subject.files[:MAX_FILES]):
            if not file.media_type.startswith("image/"):
                continue
            place = f"file:{index}"
            try:
                codes = image_codes.read(file.load())
            except (image_codes.UnreadableImage, OSError):
                if self._reports_unreadable:
                    evidence.append(
                        Evidence(reason="unreadable", place=place, matched=file.name)
                    )
                continue
            for code in codes:
                if not self._allows(code):
                    found[code.is_barcode].append((place, code))
        for is_barcode, each in found.items():
            if not self._limits[is_barcode].allows(len(each)):
                evidence += [
                    Evidence(
                        reason="barcode" if is_barcode else "qr_code",
                        place=place,
                        matched=code.text,
                        words={"text": code.text[:100]},
                    )
                    for place, code in each
                ]
        return Judgement([self._check.finding(1, *evidence)] if evidence else ())

    def _allows(self, code: Code) -> bool:
        """Whether everything that the code leads to is allowed, and it leads anywhere."""
        contacts = contact_details.find(normalisation.normalise(code.text))
        if contacts:
            return all(self._allowed.allows(contact) for contact in contacts)
        return self._allowed.has(code.text)


@base.register
class CodeCheck(Check):
    key = "codes"
    rank = 40
    label = gettext_lazy("QR codes")
    description = gettext_lazy(
        "QR codes and barcodes in pictures, stickers and the first frames of moving "
        "pictures. Videos and the round codes of mini-programs are not read."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        LimitOption(key="qr_codes", label=gettext_lazy("QR codes"), default=NONE),
        LimitOption(key="barcodes", label=gettext_lazy("Barcodes"), default=OFF),
        ALLOWED,
        Flag(
            key="unreadable",
            label=gettext_lazy("Report pictures that are too large or cannot be read"),
            default=False,
        ),
    )
    reasons = {
        "qr_code": gettext_lazy("A QR code in a picture says “%(text)s”."),
        "barcode": gettext_lazy("A barcode in a picture says “%(text)s”."),
        "unreadable": gettext_lazy("A picture is too large or cannot be read."),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledCodes:
        return CompiledCodes(self, options)
