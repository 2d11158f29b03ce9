"""The clause `listed`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import revisions
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListName
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class ListedClause(Clause):
    """Members on a list with any of their accounts; `group` is the id of one, or None."""

    name: ClassVar[str] = "listed"
    description: ClassVar[str] = (
        "Members on the blacklist or the whitelist of every group; with `group`, those"
        " on the list of that group as well."
    )
    fields: ClassVar[tuple[str, ...]] = ("on", "group")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"on": "black"},
        {"on": "white"},
        {"on": "black", "group": "north"},
        {"on": "white", "group": "north"},
    )

    forms: ClassVar = (
        Form(gettext_noop("is on the blacklist"), fixed={"on": "black"}),
        Form(gettext_noop("is on the whitelist"), fixed={"on": "white"}),
        Form(
            gettext_noop("is on the blacklist of the group %(group)s"),
            {"group": Name("group")},
            fixed={"on": "black"},
        ),
        Form(
            gettext_noop("is on the whitelist of the group %(group)s"),
            {"group": Name("group")},
            fixed={"on": "white"},
        ),
    )

    community: int
    on: str
    group: int | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> ListedClause:
        base.check_fields(args, path, cls.fields)
        on = args.get("on")
        if on not in ListName.values:
            path.child("on").fail(_("Write “black” or “white”."))
        if "group" not in args:
            return cls(path.community.pk, on)
        here = path.child("group")
        if not isinstance(args["group"], str):
            here.fail(_("Write a string."))
        return cls(
            path.community.pk, on, base.resolve_key("group", args["group"], here)
        )

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("group", args.get("group"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(lists.REVISION, self.community)]

    def resolve(self, snap: Snapshot) -> BitMap:
        accounts = lists.list_accounts(
            community=snap.community,
            list_name=self.on,
            at=snap.at,
            groups=[] if self.group is None else [self.group],
        )
        return snap.people(bitmaps.of(accounts))

    def explain(self, snap: Snapshot, person: int) -> str:
        is_in = person in snap.resolve(self)
        if self.on == ListName.BLACK:
            return _("is on the blacklist") if is_in else _("is not on the blacklist")
        return _("is on the whitelist") if is_in else _("is not on the whitelist")
