"""What a chat log leaves open: its group, and who the names in it are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import names
from qunce.groups import group_names, groups
from qunce.importing.files import sources
from qunce.importing.files.chat_logs import chat_files, log_format
from qunce.importing.plan.questions import Choice, InvalidAnswer
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

GROUP, AUTHORS = "group", "authors"
OWN, MEMBERS = "own", "members"
"""Readings of the names: of this log only, or member numbers."""
HEAD_ROWS = 1_000
NAMED_FILE = re.compile(
    r"(?:WhatsApp Chat (?:with|-) |WhatsApp-Chat mit |Chat de WhatsApp con "
    r"|与\s?|和\s?|.*?(?=[#&]\w))(?P<name>.+?)(?:\s?的\s?WhatsApp\s?(?:聊天|对话).*)?"
    r"(?:[._-]\d{4}-\d\d-\d\d.*)?(?:\.(?:txt|log|json|weechatlog|zip))+$",
    re.IGNORECASE,
)


def ask(plan: ImportPlan) -> None:
    if "group_key" not in plan.mapping.values():
        _ask_group(plan)
    if plan.source.format == chat_files.FORMAT:
        _ask_authors(plan)


def group_of(plan: ImportPlan) -> str:
    """Return the key or name of the group that a log without groups is of."""
    return names.clean(plan.answer(GROUP))


def namespace_of(plan: ImportPlan) -> str:
    """Return what goes before the names of the log's own people, empty for members."""
    if plan.source.format != chat_files.FORMAT or plan.answer(AUTHORS) == MEMBERS:
        return ""
    found = log_format.get(plan.source.chat_format)
    # Nicknames and ids are somebody's on a whole platform, other names in one group.
    return found.platform if found.has_ids else group_of(plan)


def _ask_group(plan: ImportPlan) -> None:
    suggestion = names.clean(plan.source.chat_title)
    if not suggestion and (found := NAMED_FILE.match(plan.file_name)):
        suggestion = names.clean(found["name"])
    question = plan.ask(
        GROUP,
        text=_("Which group is the log of? Write its name; a new name creates it."),
        choices=(),
        suggestion=suggestion,
    )
    name = names.clean(question.value)
    if not name:
        return
    try:
        groups.check_key(name)
    except groups.InvalidGroup as error:
        raise InvalidAnswer(str(error)) from None
    for keys in group_names.list_ambiguous(plan.community, [name]).values():
        raise InvalidAnswer(
            _("Several groups are called “%(name)s”. Use the key of one: %(keys)s.")
            % {"name": name, "keys": ", ".join(keys)}
        )


def _ask_authors(plan: ImportPlan) -> None:
    index = log_format.HEADINGS.index("author")
    authors = pc.unique(sources.read_head(plan.source, HEAD_ROWS).columns[index])
    texts = [
        name for text in authors.to_pylist() if text and (name := names.clean(text))
    ]
    known = account_queries.find(plan.community, texts)
    # Most of the people who write in a group are its members.
    is_of_members = len(known) * 2 > len(texts) > 0
    sample = ", ".join(texts[:3])
    plan.ask(
        AUTHORS,
        text=_("Who are the names in the log?"),
        choices=[
            Choice(OWN, _("names that people have in this log only"), sample),
            Choice(MEMBERS, _("member numbers"), sample),
        ],
        suggestion=MEMBERS if is_of_members else OWN,
    )
