"""What all kinds of games have in common: they differ in labels, settings and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.activities.activities.kind_contract import Aim, Kind, SettingField
from qunce.activities.games import attempts, pages, payouts, rules, sentences
from qunce.core.guards import legal_notices

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def make(
    *,
    key: str,
    label: StrOrPromise,
    description: StrOrPromise,
    keywords: tuple[str, ...],
    settings_form: tuple[SettingField, ...],
) -> Kind:
    """Return a kind of game; its settings end with those of the rewards."""
    return Kind(
        key=key,
        label=label,
        description=description,
        keywords=keywords,
        settings_form=(*settings_form, *rules.REWARDS),
        aim=Aim.PLAY,
        take_part=attempts.take_part,
        describe=sentences.describe,
        metrics=sentences.metrics,
        portal_template="portal/activities/_game.html",
        portal_context=pages.portal_context,
        check_settings=rules.check_settings,
        check_better=rules.check_better,
        check_publishable=payouts.check_publishable,
        check_settleable=payouts.check_settleable,
        publish=payouts.publish,
        close=payouts.close,
        cancel=payouts.cancel,
        highest_cost=payouts.highest_cost,
        list_stock=payouts.list_stock,
        may_close_early=True,
        takes_late=True,
        notices=(legal_notices.COMPLETE_TERMS,),
        listens=attempts.hear,
    )
