"""What counts whom a hook brought: a tag, a source, or what outreach registers.

Each kind is one object, which lists what can be chosen and returns the rule of the people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.facts import interned_names
from qunce.members.accounts import channel_labels
from qunce.members.tags import library

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.insight.positioning.sheet import Hook

Choice = tuple[str, str]
"""Key and name."""
ListChoices = Callable[["Community"], Sequence[Choice]]
FindName = Callable[["Community", str], str | None]
"""The name of a key; None if there is nothing with it."""
MakeRule = Callable[["Community", str], dict[str, Any]]


class HookSourceNotFound(errors.NotFound):
    """There is no such kind, or nothing of the kind with this key."""


@dataclass(frozen=True, kw_only=True)
class HookSource:
    """`definition` says who the people are that `rule` selects.

    Staff with a scope do not learn the name or the key of what is not `is_public`.
    """

    kind: str
    label: StrOrPromise
    definition: StrOrPromise
    choices: ListChoices
    name: FindName
    rule: MakeRule
    is_public: bool = True


KINDS: dict[str, HookSource] = {}


def register(source: HookSource) -> HookSource:
    KINDS[source.kind] = source
    return source


def check(hook: Hook, community: Community) -> None:
    """Raise HookSourceNotFound unless a hook names nothing, or something that exists."""
    if not hook.kind and not hook.key:
        return
    if hook.kind not in KINDS:
        raise HookSourceNotFound(
            _("“%(key)s” counts no hook. Choose one of: %(all)s.")
            % {"key": hook.kind[:40], "all": ", ".join(KINDS)}
        )
    source = KINDS[hook.kind]
    if source.name(community, hook.key) is None:
        raise HookSourceNotFound(
            _("There is no %(kind)s “%(key)s”.")
            % {"kind": source.label, "key": hook.key[:80]}
        )


def find_name(hook: Hook, by: Staff) -> str:
    """What counts the hook, such as `source: shop`; "" if nothing does any more."""
    source = KINDS.get(hook.kind)
    name = source.name(by.community, hook.key) if source else None
    if source is None or name is None:
        return ""
    if by.is_scoped and not source.is_public:
        return str(source.label)
    return _("%(kind)s: %(name)s") % {"kind": source.label, "name": name}


def without_hidden(hook: Hook, by: Staff) -> Hook:
    """The hook without the key of what `by` may not know."""
    source = KINDS.get(hook.kind)
    if source is None or source.is_public or not by.is_scoped:
        return hook
    return dataclasses.replace(hook, key="")


def find_rule(hook: Hook, community: Community) -> dict[str, Any] | None:
    """The rule of the people whom the hook reached; None if nothing counts it."""
    source = KINDS.get(hook.kind)
    if source is None or source.name(community, hook.key) is None:
        return None
    return source.rule(community, hook.key)


def _list_tags(community: Community) -> Sequence[Choice]:
    return [(tag.key, tag.name) for tag in library.list_tags(community)]


def _find_tag(community: Community, key: str) -> str | None:
    return (
        library.list_tags(community)
        .filter(key=key)
        .values_list("name", flat=True)
        .first()
    )


def _find_source(community: Community, key: str) -> str | None:
    known = interned_names.find("source", community.pk, key)
    return None if known is None else channel_labels.label_of(key)


def _list_sources(community: Community) -> Sequence[Choice]:
    names = sorted(interned_names.names_by_id("source", community.pk).values())
    return [(name, channel_labels.label_of(name)) for name in names]


register(
    HookSource(
        kind="tag",
        label=gettext_lazy("tag"),
        definition=gettext_lazy("Members with the tag."),
        choices=_list_tags,
        name=_find_tag,
        rule=lambda community, key: {"tag": {"any": [key]}},
    )
)
register(
    HookSource(
        kind="source",
        label=gettext_lazy("source"),
        definition=gettext_lazy(
            "Members who joined through the source, such as a code or a link."
        ),
        choices=_list_sources,
        name=_find_source,
        rule=lambda community, key: {"source": {"any": [key]}},
    )
)
