"""The checks of moderation on what members write about each other's homework."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from qunce.core import errors, text_validation
from qunce.core.communities import Community
from qunce.groups.moderation.checks.findings import list_hard
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.models import Mode
from qunce.groups.moderation.rules import check_states, rule_checks, rules


class InvalidComment(errors.Invalid):
    """A comment is empty, too long, or breaks a rule of the community."""


def clean(text: str, *, most: int, least: int = 1) -> str:
    """The text as it is stored; raises InvalidComment with what to change."""
    cleaned = text.replace("\r\n", "\n").strip()
    if not text_validation.is_valid(cleaned):
        raise InvalidComment(_("This contains characters that cannot be stored."))
    if len(cleaned) < least:
        if not cleaned:
            raise InvalidComment(_("Write a comment."))
        raise InvalidComment(
            _("Write a comment of at least %(least)s characters.") % {"least": least}
        )
    if len(cleaned) > most:
        raise InvalidComment(
            _("A comment can have at most %(most)s characters; this one has %(n)s.")
            % {"most": f"{most:,}", "n": f"{len(cleaned):,}"}
        )
    return cleaned


def check(text: str, *, community: Community, account: int, at: datetime) -> None:
    """Raise InvalidComment if a rule of moderation that is in force finds something.

    Rules for certain groups, those that only observe, and guesses are left out.
    """
    subject = Subject(
        key="homework", group="", account=str(account), happened_at=at, text=text
    )
    for rule in rules.list_running(community):
        if rule.mode == Mode.OBSERVE or rule.conditions.get("groups"):
            continue
        try:
            compiled = rule_checks.of_rule(rule)
            findings = rule_checks.judge_stateless(compiled, subject)
        except (errors.QunceError, *check_states.DAMAGED):
            # A rule that cannot be evaluated any more keeps nobody from writing.
            continue
        if list_hard(findings):
            raise InvalidComment(
                _("The rules of the community do not allow this text. Change it.")
            )
