"""`qunce badges`: badges, and their awards by hand."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.activities.levels import badges as badge_verbs
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.people import named_members

badges = base.Group("badges")
MEMBER_HELP = N_("the member's key, phone number or e-mail address")
BADGE_HELP = N_("the badge's key")


@badges.command("list", help=N_("List the badges"))
@options.pass_invocation
def list_badges(invocation: Invocation) -> None:
    rows = [
        {
            "key": badge.key,
            "name": badge.name,
            "letters": badge.letters,
            "is_on": badge.is_on,
        }
        for badge in badge_verbs.list_all(invocation.by)
    ]
    invocation.out.write_list(
        "badges", rows, lambda row: f"{row['key']:<16} {row['letters']} {row['name']}"
    )


@badges.command("award", help=N_("Award a badge to a member"))
@base.argument("badge", help=BADGE_HELP)
@base.argument("member", help=MEMBER_HELP)
@base.option("--reason", default="", help=N_("why, for colleagues"))
@options.pass_invocation
def award(invocation: Invocation, badge: str, member: str, reason: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    found = badge_verbs.get_by_key(invocation.by, badge)
    badge_verbs.award(
        badge=found, account_id=account.pk, reason=reason, **invocation.verb_args
    )
    text = _("The member has the badge “%(badge)s”.") % {"badge": found.name}
    invocation.out.answer({"badge": badge, "member_id": account.pk}, text)


@badges.command("revoke", help=N_("Take a badge from a member, with a reason"))
@base.argument("badge", help=BADGE_HELP)
@base.argument("member", help=MEMBER_HELP)
@base.option("--reason", required=True, help=N_("why, for colleagues"))
@options.pass_invocation
def revoke(invocation: Invocation, badge: str, member: str, reason: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    found = badge_verbs.get_by_key(invocation.by, badge)
    badge_verbs.revoke(
        badge=found, account_id=account.pk, reason=reason, **invocation.verb_args
    )
    text = _("Revoked. No rule awards it to this member again.")
    invocation.out.answer({"badge": badge, "member_id": account.pk}, text)
