"""The clause `opted_out`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import revisions
from qunce.outreach import opt_outs
from qunce.sets.rules import base
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class OptedOutClause(Clause):
    """Members who opted out with any of their accounts."""

    name: ClassVar[str] = "opted_out"
    description: ClassVar[str] = (
        "Members who opted out of messages with any of their accounts: `messages` are"
        " those of marketing, `service` is who opted out of service messages as well."
    )
    fields: ClassVar[tuple[str, ...]] = ("of",)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"of": opt_outs.MESSAGES},
        {"of": opt_outs.SERVICE},
    )

    forms: ClassVar = (
        Form(gettext_noop("opted out of messages"), fixed={"of": opt_outs.MESSAGES}),
        Form(
            gettext_noop("opted out of service messages as well"),
            fixed={"of": opt_outs.SERVICE},
        ),
    )

    community: int
    of: str = opt_outs.MESSAGES

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> OptedOutClause:
        base.check_fields(args, path, cls.fields)
        of = args.get("of")
        if of not in (opt_outs.MESSAGES, opt_outs.SERVICE):
            path.child("of").fail(_("Write “messages” or “service”."))
        return cls(path.community.pk, of)

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(opt_outs.KIND.name, self.community)]

    def resolve(self, snap: Snapshot) -> BitMap:
        marked = snap.marks(opt_outs.KIND.name, self.community)
        purpose = (
            opt_outs.SERVICE if self.of == opt_outs.SERVICE else opt_outs.MARKETING
        )
        return snap.people(marked.at_least(opt_outs.WEIGHTS[purpose]))

    def explain(self, snap: Snapshot, person: int) -> str:
        is_in = person in snap.resolve(self)
        if self.of == opt_outs.SERVICE:
            if is_in:
                return _("has opted out of service messages as well")
            return _("has not opted out of service messages")
        if is_in:
            return _("has opted out of messages")
        return _("has not opted out of messages")
