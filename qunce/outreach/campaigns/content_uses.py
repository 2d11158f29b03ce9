"""Where materials and message templates are used, and what became of the messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns, results, variants
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.content import message_templates
from qunce.outreach.content.materials import checks
from qunce.outreach.content.materials.models import Material, MaterialVersion
from qunce.outreach.content.message_templates import MessageTemplate, TemplateVersion
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import REACHED, Origin, State


@dataclass(frozen=True)
class Result:
    """`reached` are sent or delivered, as far as it is known; `delivered` are confirmed."""

    total: int = 0
    reached: int = 0
    delivered: int = 0
    clicked: int = 0

    def __add__(self, other: Result) -> Result:
        return Result(
            self.total + other.total,
            self.reached + other.reached,
            self.delivered + other.delivered,
            self.clicked + other.clicked,
        )


@dataclass(frozen=True)
class Use:
    """A campaign that sends a material or a template."""

    campaign: Campaign
    version: int
    result: Result


def count_by_material(*, by: Staff) -> Counter[int]:
    """Material id → the number of campaigns that `by` sees and that use a version of it."""
    material_of = dict(
        MaterialVersion.objects.filter(material__community=by.community).values_list(
            "pk", "material_id"
        )
    )
    rows = campaigns.list_visible(by).exclude(materials=[])
    return Counter(
        material
        for versions in rows.values_list("materials", flat=True)
        for material in {material_of[pk] for pk in versions if pk in material_of}
    )


def list_uses(*, by: Staff, material: Material) -> list[Use]:
    """The campaigns that `by` sees and that use a version, the newest first."""
    checks.check_visible(material, by)
    numbers = dict(material.versions.values_list("pk", "number"))
    used = [
        campaign
        for campaign in campaigns.list_visible(by).exclude(materials=[])
        if set(campaign.materials) & set(numbers)
    ]
    found = results_of(used)
    return [
        Use(
            campaign,
            next(numbers[pk] for pk in campaign.materials if pk in numbers),
            found[campaign.pk],
        )
        for campaign in used
    ]


def total_results(*, by: Staff, material: Material) -> Result:
    """The messages of all campaigns that `by` sees and that sent the material."""
    uses = list_uses(by=by, material=material)
    return sum((use.result for use in uses), Result())


def list_template_results(
    *, by: Staff, template: MessageTemplate
) -> list[tuple[TemplateVersion, int, Result]]:
    """The versions that campaigns have sent: how many campaigns, and their results.

    Campaigns that `by` sees count, and of these the members who got the template: a
    campaign may send others a variant with a text of its own.
    """
    message_templates.check_visible(template, by)
    rows = campaigns.list_visible(by).filter(template_version__template=template)
    used = list(rows.exclude(started_at=None).order_by("pk"))
    by_version: dict[int, list[Campaign]] = {}
    for campaign in used:
        by_version.setdefault(campaign.template_version_id or 0, []).append(campaign)
    found = results_of([each for each in used if not each.variants])
    found |= {each.pk: _result_of_own_text(each) for each in used if each.variants}
    return [
        (
            version,
            len(by_version[version.pk]),
            sum((found[campaign.pk] for campaign in by_version[version.pk]), Result()),
        )
        for version in template.versions.all()
        if version.pk in by_version
    ]


def _result_of_own_text(campaign: Campaign) -> Result:
    """The result of the members of a campaign who are in none of its variants."""
    own = {each.name: each for each in results.count_by_variant(campaign)}
    found = own[variants.EVERYONE_ELSE]
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk).filter(
        variant=variants.EVERYONE_ELSE, state__in=[State.DELIVERED, State.CLICKED]
    )
    return Result(
        total=found.total,
        reached=found.reached,
        delivered=rows.count(),
        clicked=found.clicked,
    )


def results_of(used: Sequence[Campaign]) -> dict[int, Result]:
    """Campaign id → the result of its messages."""
    return {
        pk: Result(
            total=progress.total,
            reached=progress.of(*REACHED),
            delivered=progress.of(State.DELIVERED, State.CLICKED),
            clicked=progress.of(State.CLICKED),
        )
        for pk, progress in results.progress_by_campaign(used).items()
    }
