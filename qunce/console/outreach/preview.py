"""What a campaign that is being written would look like to one of its receivers."""

from __future__ import annotations

from typing import Any

from qunce.console import http
from qunce.console.outreach.forms import CampaignForm
from qunce.core import errors
from qunce.groups import visibility as groupsight
from qunce.outreach.campaigns import review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.content import templates, variable_values
from qunce.sets import audiences


def build_preview(
    request: http.Request, form: CampaignForm, turn: int
) -> dict[str, Any]:
    """Size, name and text of the receiver number `turn`, or what is wrong."""
    draft = _draft_of_form(request, form)
    try:
        size, chosen = _count_and_pick(request, draft, turn)
    except errors.QunceError as error:
        return {"wrong_rule": str(error)}
    context: dict[str, Any] = {"size": size, "turn": turn, "target": draft.target}
    try:
        pieces = templates.check(
            draft.text, variable_values.list_variables(request.community, draft.target)
        )
    except templates.InvalidText as error:
        return context | {"wrong_text": str(error) if draft.text.strip() else ""}
    if not chosen:
        return context
    asked = templates.variable_names(pieces)
    text, missing = review.render_texts(draft, chosen, request.staff)[chosen[0]]
    name = review.recipient_names(draft, chosen, request.staff)[chosen[0]]
    return context | {
        "name": name,
        "text": text,
        "missing": missing,
        "varies": bool(asked),
    }


def _draft_of_form(request: http.Request, form: CampaignForm) -> Campaign:
    """What the form says so far, kept nowhere."""
    draft = Campaign(community=request.community, by=request.staff)
    if form.campaign is not None:
        for name in ("text", "target", "rule", "groups"):
            setattr(draft, name, getattr(form.campaign, name))
    if not form.is_bound:
        draft.rule = form.given_rule() if form.campaign is None else draft.rule
        return draft
    form.is_valid()
    given = form.cleaned_data
    draft.text = given.get("text", draft.text).replace("\r\n", "\n").strip()
    draft.target = given.get("target", draft.target)
    draft.groups = given.get("groups", draft.groups)
    if "who" in given:
        draft.rule = form.given_rule()
    return draft


def _count_and_pick(
    request: http.Request, draft: Campaign, turn: int
) -> tuple[int, list[int]]:
    """How many, and one of them."""
    by = request.staff
    if draft.target == Target.GROUPS:
        listed = groupsight.list_visible(by).filter(pk__in=draft.groups)
        found = list(listed.values_list("pk", flat=True))
        return len(found), found[turn % len(found) :][:1] if found else []
    if draft.rule is None:
        return 0, []
    people = audiences.people(
        community=request.community, rule=draft.rule, by=by, at=request.at
    )
    some = list(people[: review.SAMPLE_SIZE])
    return len(people), some[turn % len(some) :][:1] if some else []
