"""`qunce placeholders` and `qunce shared-identifiers`: how identifiers are read."""

from __future__ import annotations

import click
from django.utils.translation import ngettext

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import permissions
from qunce.members.accounts import identifiers, masking
from qunce.members.accounts import placeholders as placeholder_texts
from qunce.members.people import shared_identifiers

placeholders = base.Group("placeholders")
shared = base.Group("shared-identifiers")


@placeholders.command("list", help=N_("List the placeholders"))
@options.pass_invocation
def list_placeholders(invocation: Invocation) -> None:
    permissions.check_may(invocation.by, placeholder_texts.EDIT)
    own = placeholder_texts.list_own(invocation.community)
    texts = list(own.values_list("text", flat=True))
    usual = sorted(identifiers.DEFAULT_PLACEHOLDERS)
    invocation.out.answer({"placeholders": texts, "usual": usual}, *texts)


@placeholders.command("add", help=N_("Let a text mean “none” from now on"))
@base.argument("text", help=N_("capitals make no difference"))
@options.pass_invocation
def add_placeholder(invocation: Invocation, text: str) -> None:
    row = placeholder_texts.add(text=text, **invocation.query_args)
    invocation.out.answer({"text": row.text}, row.text)


@placeholders.command("remove", help=N_("Remove a placeholder that was added"))
@base.argument("text", help=N_("one that `qunce placeholders list` shows"))
@options.pass_invocation
def remove_placeholder(invocation: Invocation, text: str) -> None:
    row = placeholder_texts.find(invocation.community, text)
    placeholder_texts.delete(placeholder=row, **invocation.verb_args)
    invocation.out.answer({"text": row.text})


@shared.command("list", help=N_("List identifiers that merge nobody"))
@options.pass_invocation
def list_shared(invocation: Invocation) -> None:
    permissions.check_may(invocation.by, placeholder_texts.EDIT)
    rows = [
        {
            "kind": row.kind,
            "value": masking.identifier(
                kind=row.kind, value=row.value, by=invocation.by
            ),
            "accounts": row.account_count,
            "found_at": row.found_at.isoformat(),
        }
        for row in shared_identifiers.list_all(invocation.community)
    ]
    invocation.out.answer({"shared_identifiers": rows})
    for row in rows:
        invocation.out.line(f"{row['kind']}  {row['value']}  {row['accounts']}")


@shared.command("unmark", help=N_("Let an identifier merge people again"))
@base.argument(
    "kind",
    type=click.Choice(identifiers.MERGING_KINDS),
    help=N_("phone, email or unionid"),
)
@base.argument("value", help=N_("number, address or ID"))
@options.pass_invocation
def unmark(invocation: Invocation, kind: str, value: str) -> None:
    row = shared_identifiers.find(invocation.community, kind, value)
    joins = shared_identifiers.unmark(shared=row, **invocation.verb_args)
    count = len(joins.merged)
    invocation.out.answer(
        {"kind": kind, "value": row.value, "merged": count},
        ngettext("%(count)d merge was made.", "%(count)d merges were made.", count)
        % {"count": count},
    )
