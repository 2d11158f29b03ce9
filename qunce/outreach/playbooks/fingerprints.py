"""A digest of a playbook, so that only what a page showed is started or published."""

from __future__ import annotations

from typing import Any

from qunce.outreach import review_digests
from qunce.outreach.playbooks import excluded_groups, playbooks
from qunce.outreach.playbooks.entries import LayerEntry
from qunce.outreach.playbooks.models import Playbook


def digest(playbook: Playbook, **shown: Any) -> str:
    """The same as long as the draft, the groups that it leaves out, and `shown` are.

    `shown` is what else the page showed, such as how many would begin.
    """
    definition = playbooks.definition_of(playbook)
    rules = playbooks.rules_of(definition)
    if isinstance(definition.entry, LayerEntry):
        rules.append({"layer": {"of": definition.entry.layering}})
    described = {
        "draft": playbook.draft,
        "excluded": sorted(excluded_groups.list_groups(playbook)),
        **shown,
    }
    return review_digests.compute(playbook.community, described, rules)
