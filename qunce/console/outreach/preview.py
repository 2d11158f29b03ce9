"""A preview of an unsaved campaign, for one of its recipients."""

from __future__ import annotations

from typing import Any

from qunce.console import http
from qunce.console.outreach.forms import CampaignForm
from qunce.core import errors
from qunce.groups import visibility as group_visibility
from qunce.outreach.campaigns import content, review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.content import templates, variable_values
from qunce.sets import audiences


def build_preview(
    request: http.Request, form: CampaignForm, index: int
) -> dict[str, Any]:
    """Return size, and name and text of the recipient at `index`, or the error."""
    draft = _draft_of_form(request, form)
    try:
        size, target_ids = _count_and_pick(request, draft, index)
    except errors.QunceError as error:
        return {"rule_error": str(error)}
    context: dict[str, Any] = {
        "size": size,
        "sample_index": index,
        "target": draft.target,
    }
    try:
        pieces = templates.check(
            draft.text, variable_values.list_variables(request.community, draft.target)
        )
    except templates.InvalidText as error:
        return context | {"text_error": str(error) if draft.text.strip() else ""}
    if not target_ids:
        return context
    variables = templates.variable_names(pieces)
    text, missing = content.render_texts(draft, target_ids, request.staff)[
        target_ids[0]
    ]
    name = content.recipient_names(draft, target_ids, request.staff)[target_ids[0]]
    return context | {
        "name": name,
        "text": text,
        "missing": missing,
        "has_variables": bool(variables),
    }


def _draft_of_form(request: http.Request, form: CampaignForm) -> Campaign:
    """Return an unsaved campaign with the form's values, valid or not."""
    draft = Campaign(community=request.community, by=request.staff)
    if form.campaign is not None:
        for name in ("text", "target", "rule", "groups"):
            setattr(draft, name, getattr(form.campaign, name))
    if not form.is_bound:
        draft.rule = form.chosen_rule() if form.campaign is None else draft.rule
        return draft
    form.is_valid()
    values = form.cleaned_data
    draft.text = templates.unify_line_ends(values.get("text", draft.text)).strip()
    draft.target = values.get("target", draft.target)
    draft.groups = values.get("groups", draft.groups)
    if "audience" in values:
        draft.rule = form.chosen_rule()
    return draft


def _count_and_pick(
    request: http.Request, draft: Campaign, index: int
) -> tuple[int, list[int]]:
    """Return the number of recipients, and at most one of them as a sample."""
    by = request.staff
    if draft.target == Target.GROUPS:
        groups = group_visibility.list_visible(by).filter(pk__in=draft.groups)
        group_ids = list(groups.values_list("pk", flat=True))
        return len(group_ids), group_ids[index % len(group_ids) :][
            :1
        ] if group_ids else []
    if draft.rule is None:
        return 0, []
    people = audiences.people(
        community=request.community, rule=draft.rule, by=by, at=request.at
    )
    sample = list(people[: review.SAMPLE_SIZE])
    return len(people), sample[index % len(sample) :][:1] if sample else []
