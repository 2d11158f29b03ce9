"""The kind `poll`: members choose between options, and a vote can tag the voter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.polls import ballots, options, results
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import library

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

KEY = "poll"
KEYWORDS = ("投票", "vote")
CLOSE_LETTERS = re.compile(r"投票([a-z](?: ?[,，、/] ?[a-z])*)", re.IGNORECASE)
"""In Chinese no space stands before the letter."""
WORSE = gettext_lazy(
    "The options cannot change after publication. Add further ones below them."
)


def list_tags(by: Staff) -> list[tuple[str, str]]:
    """The tags that a vote can give, with their groups."""
    rows = library.list_tags(by.community).exclude(group__automatic=True)
    return [
        (tag.key, f"{tag.group.name} · {tag.name}" if tag.group else tag.name)
        for tag in rows
    ]


SETTINGS = (
    SettingField(
        name="options",
        label=gettext_lazy("Options"),
        type="rows",
        default=[],
        most_rows=options.MAX_OPTIONS,
        help=gettext_lazy(
            "Members write the letter (A, B, …), the number or the text. Voters of an "
            "option get its tag, and lose it by changing the vote."
        ),
        columns=(
            SettingField(
                name="text",
                label=gettext_lazy("Text"),
                max_length=options.MAX_TEXT,
                is_required=True,
            ),
            SettingField(
                name="tag",
                label=gettext_lazy("Tag for voters"),
                type="choice",
                choices=list_tags,
                none_label=gettext_lazy("none"),
            ),
        ),
    ),
    SettingField(
        name="most",
        label=gettext_lazy("Options that a member can choose, at most"),
        type="number",
        default=1,
        least=1,
        most=options.MAX_OPTIONS,
    ),
    SettingField(
        name="may_change",
        label=gettext_lazy("A vote can be changed until the end"),
        type="yes_no",
        default=True,
    ),
    SettingField(
        name="results",
        label=gettext_lazy("Members see the results"),
        type="choice",
        default=results.AFTER_VOTE,
        choices=(
            (results.ALWAYS, gettext_lazy("always")),
            (results.AFTER_VOTE, gettext_lazy("after voting")),
            (results.AFTER_END, gettext_lazy("after the end")),
        ),
    ),
)


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Vote for the options that are said, instead of those of an earlier vote."""
    settings = attempt.activity.settings
    own = options.list_options(settings)
    chosen, problem = options.judge(attempt.said, own, settings["most"])
    if problem:
        return Reply(text=problem, accepted=False, code="choice")
    recorded = ballots.record(attempt, chosen, may_change=settings["may_change"])
    labels = {"vote": _name(own, recorded.choices)}
    if recorded.is_stored:
        text = _stored_text(bool(recorded.before), may_change=settings["may_change"])
        return Reply(text=text % labels)
    if recorded.before == chosen:
        text = _("This is your vote already: %(vote)s.") % labels
    elif not settings["may_change"]:
        text = _("You have voted for %(vote)s. A vote cannot be changed here.") % labels
    else:
        text = _("You have changed your vote since then. It is: %(vote)s.") % labels
    return Reply(text=text, accepted=False, code="repeated")


def _name(own: Sequence[options.Option], numbers: Sequence[int]) -> str:
    chosen = set(numbers)
    return _(", ").join(each.label for each in own if each.number in chosen)


def _stored_text(is_change: bool, *, may_change: bool) -> str:
    if is_change:
        return _("Your vote is changed: %(vote)s. You can change it until the end.")
    if may_change:
        return _("Your vote: %(vote)s. You can change it until the end.")
    return _("Your vote: %(vote)s.")


def parse_line(text: str) -> str | None:
    """What follows the keyword: a letter, a number, the text of an option, or several."""
    close = CLOSE_LETTERS.fullmatch(text.strip().rstrip(options.ENDS))
    if close is not None:
        return close.group(1)
    return kind_contract.find_after_keyword(text, KEYWORDS)


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings = activity.settings
    most, count = settings["most"], len(settings["options"])
    lines = [option.label for option in options.list_options(settings)]
    if most == 1:
        lines.append(_("Choose one option."))
    else:
        lines.append(_("Choose up to %(n)s options.") % {"n": min(most, count)})
    lines.append(
        _("To vote in the chat, write the letter, such as: vote A")
        if most == 1
        else _("To vote in the chat, write the letters, such as: vote A, B")
    )
    lines.append(
        _("You can change your vote until the end.")
        if settings["may_change"]
        else _("A vote cannot be changed.")
    )
    shown = {
        results.ALWAYS: _("Everybody sees the results."),
        results.AFTER_VOTE: _("You see the results after voting."),
        results.AFTER_END: _("You see the results after the end."),
    }
    if has_page:
        lines.append(shown[settings["results"]])
    return lines


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The options, the results where they are shown, and the visitor's own vote."""
    settings = activity.settings
    own = None
    if account_id is not None:
        accounts = account_queries.account_ids_of_person(account_id)
        own = ballots.find(activity, accounts)
    chosen = set(own.choices) if own is not None else set()
    context: dict[str, Any] = {
        "options": [
            (option, option.number in chosen)
            for option in options.list_options(settings)
        ],
        "most": settings["most"],
        "results": None,
    }
    if results.are_visible(activity, has_voted=own is not None, at=at):
        context["results"] = results.collect_for_page(activity, at)
    if account_id is None:
        return context
    return context | {
        "has_voted": own is not None,
        "may_vote": own is None or settings["may_change"],
        "vote_text": _name(options.list_options(settings), sorted(chosen)),
    }


def summary(activity: Activity, accounts: Sequence[int], at: datetime) -> str:
    """The vote of a member, for their own page."""
    own = ballots.find(activity, accounts)
    return _name(
        options.list_options(activity.settings), own.choices if own is not None else []
    )


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    """Raise InvalidSetting unless each option has a name of its own."""
    own = options.list_options(settings)
    twice = options.find_ambiguous(own)
    if twice is not None:
        raise InvalidSetting(
            _(
                "Option %(letter)s, “%(text)s”, could mean another option as well. Write "
                "it in other words."
            )
            % {"letter": twice.letter, "text": twice.text}
        )
    if own and settings["most"] > len(own):
        raise InvalidSetting(
            _("A member can choose %(most)s options, but there are %(n)s.")
            % {"most": settings["most"], "n": len(own)}
        )


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise unless there is something to choose from, and each tag can be given."""
    own = options.list_options(activity.settings)
    if len(own) < 2:
        raise InvalidSetting(_("Write at least two options."))
    keys = {option.tag for option in own if option.tag}
    found = library.find(activity.community, keys)
    for key in sorted(keys):
        if key not in found:
            raise library.TagNotFound(
                _("There is no tag “%(key)s” any more. Choose another one.")
                % {"key": key}
            )
        library.check_active(found[key])


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Options are added and votes become freer; nothing that was chosen changes."""
    kept = after["options"][: len(before["options"])]
    if [row["text"] for row in kept] != [row["text"] for row in before["options"]]:
        raise NotBetter(str(WORSE))
    if kept != before["options"]:
        raise NotBetter(
            _("The tags of options cannot change, as members have them already.")
        )
    if after["most"] < before["most"]:
        raise NotBetter(
            _("Members could choose more options. The number cannot decrease.")
        )
    if before["may_change"] and not after["may_change"]:
        raise NotBetter(_("Members have read that they can change their vote."))
    if after["results"] != before["results"]:
        raise NotBetter(
            _("Members have voted knowing who sees the results. This cannot change.")
        )


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Voters, and the votes of each option, of the people who count."""
    found = results.tally(activity, people, at)
    return [
        Metric(key="voters", label=_("Members who voted"), value=found.voters),
        *(
            Metric(
                key=f"option_{share.option.letter.lower()}",
                label=share.option.label,
                value=share.votes,
            )
            for share in found.shares
        ),
    ]


def voted_of(activity: Activity, voters: int, *, by: Staff, at: datetime) -> str:
    """“58 voted of 240 who may”, of the members whom `by` sees."""
    may = results.count_may_vote(activity, by=by, at=at)
    text = ngettext(
        "%(n)s member voted, of %(may)s who may.",
        "%(n)s members voted, of %(may)s who may.",
        voters,
    )
    return text % {"n": f"{voters:,}", "may": f"{may:,}"}


POLL = kind_contract.register(
    Kind(
        key=KEY,
        label=gettext_lazy("poll"),
        description=gettext_lazy(
            "Members choose between two or more options. A vote can give them a tag, and "
            "a changed vote moves it."
        ),
        keywords=KEYWORDS,
        parse_line=parse_line,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.VOICE,
        portal_template="portal/activities/_poll.html",
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        portal_context=portal_context,
        takes_late=True,
    )
)
