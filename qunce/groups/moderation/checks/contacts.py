"""Contact details and links: how many of each kind a message may have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base, places
from qunce.groups.moderation.checks.base import Check
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import (
    NONE,
    OFF,
    LimitOption,
    Option,
    Words,
)
from qunce.groups.moderation.contents import contact_details, normalisation
from qunce.groups.moderation.contents.contact_details import Contact, ContactKind
from qunce.groups.moderation.contents.normalisation import Normalised

LABELS = {
    ContactKind.QQ: gettext_lazy("QQ numbers and groups"),
    ContactKind.WECHAT: gettext_lazy("WeChat ids"),
    ContactKind.TELEGRAM: gettext_lazy("Telegram names"),
    ContactKind.PHONE: gettext_lazy("Phone numbers"),
    ContactKind.EMAIL: gettext_lazy("E-mail addresses"),
    ContactKind.LINK: gettext_lazy("Links"),
    ContactKind.SHORT_LINK: gettext_lazy("Short links"),
    ContactKind.INVITE: gettext_lazy("Invite links"),
}
DEFAULTS = {ContactKind.EMAIL: OFF, ContactKind.LINK: OFF}
ALLOWED = Words(
    key="allowed",
    label=gettext_lazy("Allowed"),
    help=gettext_lazy(
        "Domains, numbers and ids that do not count, one a line. A domain includes "
        "its subdomains."
    ),
    most=5_000,
)


class AllowList:
    """Domains with their subdomains, and exact numbers, ids and addresses."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._values = {_plain(line) for line in lines}
        self._numbers = {line.translate(_NO_SEPARATORS) for line in self._values}

    def allows(self, contact: Contact) -> bool:
        if contact.kind in (
            ContactKind.LINK,
            ContactKind.SHORT_LINK,
            ContactKind.INVITE,
        ):
            return contact.value in self._values or self._allows_host(contact.host)
        if contact.kind is ContactKind.EMAIL:
            _, _, domain = contact.value.partition("@")
            return contact.value in self._values or self._allows_host(domain)
        return contact.value in self._values or contact.value in self._numbers

    def has(self, text: str) -> bool:
        """Whether a text, such as that of a code, is a line of the list."""
        return _plain(text) in self._values

    def _allows_host(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[n:]) in self._values for n in range(len(labels)))


_NO_SEPARATORS = str.maketrans("", "", " -.()")


def _plain(line: str) -> str:
    """The form of an allowed line in which contacts have their values."""
    value = normalisation.normalise(line).folded.strip()
    return value.removeprefix("https://").removeprefix("http://").rstrip("/")


class CompiledContacts(places.CompiledTextCheck):
    def __init__(self, check: ContactCheck, options: Mapping[str, Any]) -> None:
        super().__init__(check, options)
        self._allowed = AllowList(options["allowed"])
        self._limits = {
            kind: limit
            for kind in ContactKind
            if not (limit := options[kind.value]).is_off
        }

    def list_evidence(self, place: str, text: Normalised) -> list[Evidence]:
        by_kind: dict[ContactKind, dict[str, Contact]] = defaultdict(dict)
        for contact in contact_details.find(text):
            if contact.kind in self._limits and not self._allowed.allows(contact):
                by_kind[contact.kind].setdefault(contact.value, contact)
        evidence: list[Evidence] = []
        for kind, contacts in by_kind.items():
            if not self._limits[kind].allows(len(contacts)):
                evidence += self._describe(
                    text.original, place, list(contacts.values())
                )
        return evidence

    def _describe(
        self, original: str, place: str, contacts: Sequence[Contact]
    ) -> list[Evidence]:
        most = self._limits[contacts[0].kind].at_most
        return [
            Evidence(
                reason=contact.kind.value,
                place=place,
                start=contact.start,
                end=contact.end,
                matched=original[contact.start : contact.end],
                words={
                    "value": contact.value,
                    "count": len(contacts),
                    "most": most,
                },
            )
            for contact in contacts
        ]


@base.register
class ContactCheck(Check):
    key = "contacts"
    rank = 30
    label = gettext_lazy("Contacts and links")
    description = gettext_lazy(
        "Numbers, ids, links and invitations, also in disguise, with a limit for each "
        "kind."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        *(
            LimitOption(
                key=kind.value, label=LABELS[kind], default=DEFAULTS.get(kind, NONE)
            )
            for kind in ContactKind
        ),
        ALLOWED,
        places.PLACES,
    )
    reasons = {
        "qq": gettext_lazy("QQ %(value)s (%(count)s in the text, %(most)s allowed)."),
        "wechat": gettext_lazy(
            "WeChat id %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
        "telegram": gettext_lazy(
            "Telegram name %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
        "phone": gettext_lazy(
            "Phone number %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
        "email": gettext_lazy(
            "E-mail address %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
        "link": gettext_lazy(
            "Link to %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
        "short_link": gettext_lazy(
            "Short link %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
        "invite": gettext_lazy(
            "Invite link %(value)s (%(count)s in the text, %(most)s allowed)."
        ),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledContacts:
        return CompiledContacts(self, options)
