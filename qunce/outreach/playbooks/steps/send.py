"""Send a message to the member or group of the run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.channels import channel_contract
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns.campaign_materials import MAX_MATERIALS
from qunce.outreach.campaigns.variants import Variant
from qunce.outreach.content import templates
from qunce.outreach.content.files import Depth
from qunce.outreach.content.materials import checks, library
from qunce.outreach.playbooks import assignees, undone, variants
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.assignees import Assignee, WithoutRole
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.undone import DONE_KINDS, Undone
from qunce.outreach.playbooks.variants import Redraw
from qunce.outreach.playbooks.work import Outcome, Work, WorkItem
from qunce.outreach.sending import messages

if TYPE_CHECKING:
    from qunce.outreach.playbooks.validation import Resources

MAX_HOURS = 24 * 30
MAX_ID = 2**53
OVER_LIMIT_REASONS = (
    skip_reasons.OVER_CONTACT_LIMIT,
    skip_reasons.TOO_SOON,
    skip_reasons.KEPT_PLACE,
)


class OverLimit(models.TextChoices):
    """What happens if the contact limit does not allow the message now."""

    HOLD = "hold", gettext_lazy("Wait until it is allowed")
    SKIP = "skip", gettext_lazy("Skip the message and continue")
    END = "end", gettext_lazy("End the run")


class Purpose(models.TextChoices):
    MARKETING = "marketing", gettext_lazy("marketing")
    SERVICE = "service", gettext_lazy("service")


@base.register
@dataclass(frozen=True, kw_only=True)
class Send(Step):
    """`staff` or `role` say who sends it where the channel needs a person.

    `materials` are ids of versions, and `template` that of a version of a template, whose
    text the step has. `variants` are other texts for some, in a test that is named by the
    playbook and the step. `stale_hours` after its time the message is not sent any more.
    """

    kind: ClassVar[str] = "send"
    icon: ClassVar[str] = "paper-airplane"
    rank: ClassVar[int] = 10
    label: ClassVar[StrOrPromise] = gettext_lazy("Send a message")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "To the member, or into the group. Contact limits and quiet hours apply."
    )
    acts: ClassVar[bool] = True

    text: str = ""
    materials: tuple[int, ...] = ()
    template: int | None = None
    variants: tuple[Variant, ...] = ()
    redraw: str = Redraw.KEEP
    channel: str = "assisted"
    staff: str = ""
    role: str = ""
    without_role: str = WithoutRole.HOLD
    purpose: str = Purpose.MARKETING
    over_limit: str = OverLimit.HOLD
    hold_hours: int = 24
    stale_hours: int = 48
    undone: Undone | None = None

    # The JSON form

    @classmethod
    def field_names(cls) -> frozenset[str]:
        return (super().field_names() - {"undone"}) | {"if_undone"}

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Send:
        for name in ("text", "channel"):
            if not isinstance(values.get(name, ""), str):
                raise base.InvalidStep(_("Write the text of the message."))
        for name in ("hold_hours", "stale_hours"):
            base.check_hours(values.get(name, 1), 1, MAX_HOURS)
        if values.get("over_limit", OverLimit.HOLD) not in OverLimit:
            raise base.InvalidStep(_("Choose what happens over the contact limit."))
        if values.get("purpose", Purpose.MARKETING) not in Purpose:
            raise base.InvalidStep(_("Choose the purpose of the message."))
        if values.get("redraw", Redraw.KEEP) not in Redraw:
            raise base.InvalidStep(
                _("Choose which variant somebody gets who begins again.")
            )
        assignees.check_fields(values)
        fields = {k: v for k, v in values.items() if k != "if_undone"}
        return cls(
            **{
                **fields,
                "text": templates.unify_line_ends(values.get("text", "")).strip(),
                "materials": _parse_materials(values.get("materials", [])),
                "template": _parse_template(values.get("template")),
                "variants": variants.parse(values.get("variants", [])),
                "undone": undone.parse(values.get("if_undone")),
            }
        )

    def fields(self) -> dict[str, Any]:
        found = {"text": self.text, **super().fields()}
        found.pop("undone", None)
        if self.materials:
            found["materials"] = list(self.materials)
        if self.variants:
            found["variants"] = variants.to_json(self.variants)
        if self.undone is not None:
            found["if_undone"] = self.undone.to_json()
        return found

    # What runs ask

    def kinds(self) -> frozenset[str]:
        return DONE_KINDS if self.undone else frozenset()

    def rules(self) -> tuple[Any, ...]:
        return tuple(each.rule for each in self.variants if each.rule is not None)

    @property
    def assignee(self) -> Assignee:
        return Assignee(self.staff, self.role, self.without_role)

    def find_obstacle(self, community: Community, at: datetime) -> str:
        names = {
            channel.name for channel in channel_contract.list_channels(community.pk)
        }
        if self.channel not in names:
            return Obstacle.CHANNEL
        if self.materials and not self._is_sendable(community, at):
            return Obstacle.MATERIAL
        if self.needs_person() and not assignees.is_anybody(self.assignee, community):
            return Obstacle.STAFF
        return ""

    def _is_sendable(self, community: Community, at: datetime) -> bool:
        versions = library.find_versions(community, self.materials)
        # Contents of files are looked at when they are sent.
        return len(versions) == len(self.materials) and not any(
            checks.why_version_not_sendable(each, at, Depth.SIZE) for each in versions
        )

    def needs_person(self) -> bool:
        return channel_contract.get(self.channel).capabilities.needs_person

    def texts(self) -> dict[str, str]:
        """Variant → its text, "" is that of the step itself."""
        return {"": self.text, **{each.name: each.text for each in self.variants}}

    # Sending

    def perform(self, work: Work) -> list[Outcome]:
        senders: Mapping[int, Staff | None] = {}
        if needs_person := self.needs_person():
            senders = assignees.find(
                self.assignee,
                community=work.community,
                targets=work.targets,
                is_group=work.is_group,
            )
        able = [i for i in work.items if not needs_person or senders[i.target]]
        chosen = self._draw(work, able)
        texts = self.texts()
        drafts = [
            self._draft(work, item, senders.get(item.target), chosen[item.row], texts)
            for item in able
        ]
        rows = messages.request_many(drafts, community=work.community, at=work.at)
        outcomes = {
            item.row: self._outcome(row, work.at)
            for item, row in zip(able, rows, strict=True)
        }
        held = Outcome(held=Obstacle.ROLE if self.role else Obstacle.STAFF)
        return [outcomes.get(item.row, held) for item in work.items]

    def _draw(self, work: Work, items: Sequence[WorkItem]) -> dict[int, str]:
        """The variant of each item, by its row."""
        if not self.variants:
            return {item.row: "" for item in items}
        found: dict[int, str] = {}
        numbers = {item.run.number for item in items}
        for number in numbers if self.redraw == Redraw.DRAW else [0]:
            same = [i for i in items if not number or i.run.number == number]
            drawn = variants.draw(
                self.variants,
                [item.person for item in same],
                salt=variants.salt(self.test_of(work.playbook), number, self.redraw),
                holds=work.holds,
            )
            found |= {item.row: drawn[item.person] for item in same}
        return found

    def test_of(self, playbook: str) -> str:
        """The name of the test that the variants of the step are in."""
        return f"{playbook} {self.id}"

    def _draft(
        self,
        work: Work,
        item: WorkItem,
        staff: Staff | None,
        variant: str,
        texts: Mapping[str, str],
    ) -> messages.Draft:
        may_wait = self.over_limit == OverLimit.HOLD
        content: dict[str, Any] = {}
        if self.materials:
            content["materials"] = list(self.materials)
        if self.template is not None and not variant:
            content["template"] = self.template
        return messages.Draft(
            origin=messages.Origin.PLAYBOOK,
            origin_id=item.row,
            account=None if work.is_group else item.target,
            group=item.target if work.is_group else None,
            text=texts[variant],
            variant=variant,
            content=content or None,
            purpose=messages.Purpose(self.purpose),
            channel=self.channel,
            staff=staff,
            stale_at=item.run.due_at + timedelta(hours=self.stale_hours),
            hold=timedelta(hours=self.hold_hours if may_wait else 0),
        )

    def _outcome(self, message: messages.RequestedMessage, at: datetime) -> Outcome:
        if message.state == messages.State.SKIPPED:
            return Outcome(
                skipped=message.reason,
                over_limit=message.reason in OVER_LIMIT_REASONS,
                message=message.pk,
            )
        is_later = message.due_at is not None and message.due_at > at
        return Outcome(
            message=message.pk,
            later_at=message.due_at if is_later else None,
            awaited=self.undone is not None and self.needs_person(),
        )

    # Checks and texts

    def problems(self, resources: Resources) -> Iterator[str]:
        if self.text or not self.materials:
            yield from resources.text_problems(self.text)
        yield from resources.variant_problems(self.variants)
        yield from resources.channel_problems(self)
        if self.undone is not None:
            yield from resources.undone_problems(self.undone)

    def phrase(self, names: Names) -> str:
        text = " ".join(self.text.split()) or _("materials")
        sentence = _("Send “%(text)s”") % {
            "text": text if len(text) <= 60 else f"{text[:59]}…"
        }
        more = []
        if self.materials and self.text:
            more.append(_("materials: %(n)s") % {"n": len(self.materials)})
        if self.variants:
            more.append(_("variants: %(n)s") % {"n": len(self.variants) + 1})
        if self.role:
            more.append(_("by %(who)s") % {"who": self.assignee.phrase(names)})
        if self.undone is not None:
            more.append(self.undone.phrase(names))
        return base.with_details(sentence, more)

    def without_other_template(self, text: str) -> Send:
        """The step with the text of its template, or without the template.

        A text that was changed is not that of the template any more, so that results are
        not mixed.
        """
        if not self.text:
            return dataclasses.replace(self, text=text.strip())
        if self.text != text.strip():
            return dataclasses.replace(self, template=None)
        return self


def _parse_materials(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(map(_is_id, value)):
        raise base.InvalidStep(_("Materials are a list of ids of their versions."))
    if len(value) > MAX_MATERIALS:
        raise base.InvalidStep(
            _("A message can have at most %(most)s materials.")
            % {"most": MAX_MATERIALS}
        )
    return tuple(dict.fromkeys(value))


def _parse_template(value: Any) -> int | None:
    if value is not None and not _is_id(value):
        raise base.InvalidStep(_("A template is the id of one of its versions."))
    return value if value is None else int(value)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_ID
