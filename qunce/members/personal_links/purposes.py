"""Purposes of personal links: what the member of a link may do on which page.

A purpose is a kind, such as `activity`, and the reference of one thing of that kind. The
package of the thing registers the kind; its page is below the address of the community.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors

REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,20}")


class InvalidPurpose(errors.Invalid):
    """There is no such kind of purpose, or its reference cannot be one."""


@dataclass(frozen=True)
class PurposeKind:
    """`path` is that of the page below the community's, with {reference}, or ""."""

    key: str
    label: StrOrPromise
    path: str = ""


_kinds: dict[str, PurposeKind] = {}


def register(kind: PurposeKind) -> PurposeKind:
    _kinds[kind.key] = kind
    return kind


HOME = register(PurposeKind("home", gettext_lazy("the page of the community")))
SIGN_IN = register(PurposeKind("sign_in", gettext_lazy("signing in"), "sign-in"))
ACTIVITY = register(
    PurposeKind("activity", gettext_lazy("an activity"), "a/{reference}")
)
SURVEY = register(
    PurposeKind("survey", gettext_lazy("a survey"), "surveys/{reference}")
)


def of(kind: PurposeKind, reference: str = "") -> str:
    """The purpose of one thing, such as `activity:7Hk2`."""
    return f"{kind.key}:{reference}" if reference else kind.key


def check(purpose: str) -> None:
    """Raise InvalidPurpose unless this is a purpose of a registered kind."""
    key, _colon, reference = purpose.partition(":")
    kind = _kinds.get(key)
    needs_reference = kind is not None and "{reference}" in kind.path
    if kind is None or needs_reference != bool(REFERENCE.fullmatch(reference)):
        raise InvalidPurpose(
            _("“%(purpose)s” is no purpose of a personal link.")
            % {"purpose": purpose[:60]}
        )


def list_kinds() -> list[PurposeKind]:
    return list(_kinds.values())


def label(purpose: str) -> str:
    kind = _kinds.get(purpose.partition(":")[0])
    return str(kind.label) if kind else purpose


def path(purpose: str) -> str:
    """The path of the page of a purpose, relative to that of the community."""
    key, _colon, reference = purpose.partition(":")
    kind = _kinds.get(key, HOME)
    return kind.path.format(reference=reference)
