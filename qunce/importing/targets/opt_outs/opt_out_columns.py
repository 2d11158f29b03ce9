"""Reads who opted out of messages, as other programs export it, and records it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, timestamps
from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import queries as account_queries
from qunce.outreach import opt_outs
from qunce.outreach.opt_outs import OptOut

YES, NO = "yes", "no"
ANSWER_FIELDS = ("opted_out", "accepts_messages")
"""Fields whose values are YES and NO."""
KEPT_LABEL = gettext_lazy("stay opted out although the file calls them reachable")
OPTED_OUT = frozenset(
    "yes y true t 1 on x √ ✓ unsubscribed unsub opted-out opted_out optout opt-out"
    " cleaned bounced complained complaint blocked blacklisted suppressed spam"
    " 是 有 对 已退订 退订 已拒收 拒收 已屏蔽 不接收 取消订阅 已取消订阅".split()
) | {"opted out", "opt out"}
REACHABLE = frozenset(
    "no n false f 0 off subscribed active opted-in opted_in optin opt-in confirmed"
    " 否 无 没有 错 未退订 订阅 已订阅 正常 接收".split()
) | {"opted in", "opt in"}


PURPOSES = {
    opt_outs.MARKETING: frozenset(
        "marketing promotion promotions 营销 营销消息 推广 促销 活动消息".split()
    ),
    opt_outs.SERVICE: frozenset(
        "service all everything 服务 服务消息 全部 所有 全部消息 所有消息".split()
    )
    | {"all messages", "service messages", "marketing and service"},
}
"""Words for what members opt out of; service messages are the wider wish."""


class InvalidOptOut(errors.Invalid):
    """The cell means neither that a member opted out nor that they did not."""


def normalise(text: str) -> str:
    """YES or NO for what programs write about an opt-out; raises InvalidOptOut."""
    word = text.strip().casefold()
    if word in OPTED_OUT:
        return YES
    if word in REACHABLE:
        return NO
    raise InvalidOptOut(
        _("This does not say whether the member opted out; write yes or no.")
    )


def normalise_consent(text: str) -> str:
    """YES or NO for who accepts messages; words of opt-outs mean the contrary."""
    word = text.strip().casefold()
    if word in {"yes", "y", "true", "t", "1", "on", "x", "√", "✓", "是", "有", "对"}:
        return YES
    if word in {"no", "n", "false", "f", "0", "off", "否", "无", "没有", "错"}:
        return NO
    return NO if normalise(text) == YES else YES


def normalise_purpose(text: str) -> str:
    """What a member opted out of; raises InvalidOptOut."""
    word = " ".join(text.strip().casefold().split())
    for purpose, words in PURPOSES.items():
        if word in words:
            return purpose
    raise InvalidOptOut(
        _(
            "Write “marketing”, or “service” for members who want no "
            "service messages either."
        )
    )


def is_opted_out(row: Mapping[str, Any]) -> bool | None:
    """Return whether a row opts its member out, None if it is empty; a time alone means yes."""
    if answer := row.get("opted_out"):
        return bool(answer == YES)
    if answer := row.get("accepts_messages"):
        return bool(answer == NO)
    return True if "opted_out_at" in row else None


def record(
    job: ImportJob,
    given: Mapping[int, tuple[int | None, str]],
    *,
    of_service: Collection[int] = (),
) -> set[int]:
    """Opt these accounts out, at their times in microseconds or now, for their reasons.

    Those `of_service` get no service messages either. Returns who is new. Whoever has
    opted out of as much already stays so, with the time of then.
    """
    people = account_queries.person_ids(given)
    known = opt_outs.find_by_person(set(people.values()))
    grouped: dict[tuple[int, str, str], list[int]] = {}
    now = timestamps.to_micros(job.started_at)
    for account, (moment, reason) in given.items():
        purpose = opt_outs.SERVICE if account in of_service else opt_outs.MARKETING
        row = known.get(people[account])
        if row is None or row.weight < opt_outs.WEIGHTS[purpose]:
            source = (reason or "import")[:40]
            key = (now if moment is None else moment, source, purpose)
            grouped.setdefault(key, []).append(account)
    times = {
        account: moment
        for (moment, _source, _purpose), accounts in grouped.items()
        for account in accounts
    }
    before = {
        row.account_id: (
            timestamps.to_micros(row.set_at),
            row.source,
            row.by_id,
            row.weight if row.present else 0,
        )
        for row in OptOut.objects.filter(
            community_id=job.community_id, account_id__in=times
        )
    }
    for (moment, source, purpose), accounts in sorted(grouped.items()):
        opt_outs.opt_out(
            community=job.community,
            accounts=accounts,
            by=job.by,
            at=job.started_at,
            source=source,
            happened_at=timestamps.from_micros(moment),
            purpose=purpose,
        )
    entries = [(a, before.get(a), moment) for a, moment in sorted(times.items())]
    journal.record(job, "opt_outs", entries)
    return set(times)


def count_still_opted_out(accounts: Collection[int]) -> int:
    """Return how many of these, whom a file calls reachable, stay opted out.

    Only the member, or staff in their name, ends an opt-out.
    """
    if not accounts:
        return 0
    people = account_queries.person_ids(accounts)
    known = opt_outs.find_by_person(set(people.values()))
    return sum(people[account] in known for account in accounts)
