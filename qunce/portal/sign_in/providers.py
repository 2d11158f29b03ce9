"""Channel sign-in: one contract for every channel that can prove who somebody is.

A provider checks what the channel's app hands to the page, and returns the key that the
person's account has in that channel. Providers register themselves; a community offers
those that are set up for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import errors
from qunce.core.communities import Community
from qunce.members.accounts.models import Account


class ProofRefused(errors.Refused):
    """The channel does not confirm who this is, or they are no member here."""


class Provider(Protocol):
    """`template` is the part of the sign-in page that posts the proof."""

    key: str
    label: StrOrPromise
    template: str

    def is_available(self, community: Community) -> bool:
        """Whether members of the community can sign in through it."""
        ...

    def verify(self, community: Community, proof: Mapping[str, str]) -> str:
        """The key of the account in the channel `key`; raises ProofRefused.

        `proof` is what the page posted, and all of it is hostile input.
        """
        ...


_providers: dict[str, Provider] = {}


def register(provider: Provider) -> Provider:
    _providers[provider.key] = provider
    return provider


def get(community: Community, key: str) -> Provider:
    """A provider that the community offers; raises NotFound."""
    provider = _providers.get(key)
    if provider is None or not provider.is_available(community):
        raise errors.NotFound(_("There is no such page."))
    return provider


def list_available(community: Community) -> list[Provider]:
    return [
        provider
        for _key, provider in sorted(_providers.items())
        if provider.is_available(community)
    ]


def find_account(community: Community, provider: Provider, key: str) -> int:
    """The member with this key in the channel; raises ProofRefused."""
    row = Account.objects.filter(
        community=community, channel=provider.key, key=key, erased_at__isnull=True
    ).first()
    if row is None:
        raise ProofRefused(_("You are not a member here yet. Join the group first."))
    return row.pk
