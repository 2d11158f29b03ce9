"""`qunce consents`: what a member agreed to, and what they withdrew."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities
from qunce.members.accounts import queries as account_queries
from qunce.members.consents import consents as store
from qunce.members.consents.consents import Consent, Purpose
from qunce.members.people import named_members

MEMBER_HELP = N_("the member's key, phone number or e-mail address")
PURPOSE = click.Choice(Purpose.values)
PURPOSE_HELP = N_("what for: data, marketing, profiling or sharing")

consents = base.Group("consents")


@consents.command("list", help=N_("List the statements of a member, the latest first"))
@base.argument("member", help=MEMBER_HELP)
@options.pass_invocation
def list_consents(invocation: Invocation, member: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    accounts = account_queries.account_ids_of_person(account.pk)
    _answer(invocation, store.list_of_person(accounts))


@consents.command("give", help=N_("Record that a member agreed to a purpose"))
@base.argument("member", help=MEMBER_HELP)
@base.argument("purpose", type=PURPOSE, help=PURPOSE_HELP)
@base.option("--evidence", default="", help=N_("how they stated it"))
@options.pass_invocation
def give(invocation: Invocation, member: str, purpose: str, evidence: str) -> None:
    _record(invocation, member, purpose, evidence, is_given=True)


@consents.command("withdraw", help=N_("Record that a member took a consent back"))
@base.argument("member", help=MEMBER_HELP)
@base.argument("purpose", type=PURPOSE, help=PURPOSE_HELP)
@base.option("--evidence", default="", help=N_("how they stated it"))
@options.pass_invocation
def withdraw(invocation: Invocation, member: str, purpose: str, evidence: str) -> None:
    _record(invocation, member, purpose, evidence, is_given=False)


def _record(
    invocation: Invocation, member: str, purpose: str, evidence: str, *, is_given: bool
) -> None:
    consent = store.record(
        account=named_members.get_by_key(key=member, **invocation.verb_args),
        purpose=purpose,
        is_given=is_given,
        evidence=evidence,
        **invocation.verb_args,
    )
    _answer(invocation, [consent])


def _answer(invocation: Invocation, rows: list[Consent]) -> None:
    zone = communities.zone(invocation.community)
    records: list[dict[str, Any]] = [
        {
            "purpose": consent.purpose,
            "given": consent.is_given,
            "evidence": consent.evidence,
            "recorded_at": consent.at.astimezone(zone).isoformat(),
            "recorded_by": consent.by.login,
        }
        for consent in rows
    ]
    invocation.out.answer({"consents": records})
    for consent, record in zip(rows, records, strict=True):
        parts = [
            record["recorded_at"][:16],
            str(Purpose(consent.purpose).label),
            _("given") if consent.is_given else _("withdrawn"),
            consent.evidence,
            record["recorded_by"],
        ]
        invocation.out.line("  ".join(part for part in parts if part))
