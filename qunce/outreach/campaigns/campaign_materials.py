"""The materials of a campaign: the versions that were chosen, and whether they can be sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from qunce.channels import channel_contract
from qunce.core import errors
from qunce.outreach.content import compose
from qunce.outreach.content.materials import checks, library
from qunce.outreach.content.materials.models import MaterialVersion

if TYPE_CHECKING:
    from qunce.outreach.campaigns.campaigns import Campaign

MAX_MATERIALS = 20


class InvalidContent(errors.Invalid):
    """The channel cannot send the text with these materials."""


def list_versions(campaign: Campaign) -> list[MaterialVersion]:
    return library.get_versions(campaign.community, campaign.materials)


def check(campaign: Campaign) -> None:
    """Raise InvalidContent if the channel of the campaign cannot send what it has.

    The length of the text is checked as it is written, with its variables.
    """
    channel = channel_contract.get(campaign.channel)
    composed = compose.compose(campaign.text, list_versions(campaign), channel=channel)
    if composed.problems:
        raise InvalidContent(" ".join(composed.problems))


def content_of(campaign: Campaign) -> dict[str, Any] | None:
    """What a message of the campaign keeps as its `content`."""
    content: dict[str, Any] = {}
    if campaign.materials:
        content["materials"] = campaign.materials
    if campaign.template_version_id:
        content["template"] = campaign.template_version_id
    return content or None


def check_sendable(campaign: Campaign, at: datetime) -> None:
    """Raise MaterialNotSendable for the first material that cannot be sent at `at`."""
    for version in list_versions(campaign):
        checks.check_sendable(version, at)
