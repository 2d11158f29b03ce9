"""What counts whom a hook brought: a tag, a source, or what outreach registers.

Each kind is one object, which lists what can be chosen and returns the rule of the people.
"""

from __future__ import annotations

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
    from qunce.insight.positioning.sheet import Hook

Choice = tuple[str, str]
"""Key and name."""
ListChoices = Callable[["Community"], Sequence[Choice]]
MakeRule = Callable[["Community", str], dict[str, Any]]


class HookSourceNotFound(errors.NotFound):
    """There is no such kind, or nothing of the kind with this key."""


@dataclass(frozen=True, kw_only=True)
class HookSource:
    """`definition` says who the people are that `rule` selects."""

    kind: str
    label: StrOrPromise
    definition: StrOrPromise
    choices: ListChoices
    rule: MakeRule


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
    if hook.key not in dict(source.choices(community)):
        raise HookSourceNotFound(
            _("There is no %(kind)s “%(key)s”.")
            % {"kind": source.label, "key": hook.key[:80]}
        )


def find_name(hook: Hook, community: Community) -> str:
    """What counts the hook, such as `source: shop`; "" if nothing does any more."""
    source = KINDS.get(hook.kind)
    name = dict(source.choices(community)).get(hook.key) if source else None
    if source is None or name is None:
        return ""
    return _("%(kind)s: %(name)s") % {"kind": source.label, "name": name}


def find_rule(hook: Hook, community: Community) -> dict[str, Any] | None:
    """The rule of the people whom the hook reached; None if nothing counts it."""
    source = KINDS.get(hook.kind)
    if source is None or hook.key not in dict(source.choices(community)):
        return None
    return source.rule(community, hook.key)


def _list_tags(community: Community) -> Sequence[Choice]:
    return [(tag.key, tag.name) for tag in library.list_tags(community)]


def _list_sources(community: Community) -> Sequence[Choice]:
    names = sorted(interned_names.names_by_id("source", community.pk).values())
    return [(name, channel_labels.label_of(name)) for name in names]


register(
    HookSource(
        kind="tag",
        label=gettext_lazy("tag"),
        definition=gettext_lazy("Members with the tag."),
        choices=_list_tags,
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
        rule=lambda community, key: {"source": {"any": [key]}},
    )
)
