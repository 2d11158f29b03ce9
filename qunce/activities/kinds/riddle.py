"""The kind `riddle`: the first right answer to each riddle wins its points."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.games import attempts, pages, payouts, rules, sentences
from qunce.activities.kinds import base
from qunce.core.guards import legal_notices

RIDDLE = base.register(
    base.Kind(
        key=rules.RIDDLE,
        label=pgettext_lazy("kind of activity", "Riddles"),
        description=gettext_lazy(
            "The first who solves a riddle in the chat or on the page gets its points."
        ),
        keywords=("猜谜", "riddle"),
        settings_form=(
            rules.question_rows(
                label=gettext_lazy("Riddles"),
                question=gettext_lazy("Riddle"),
                answer=gettext_lazy("Right answer"),
            ),
            rules.PACE,
            rules.BY_SOUND,
            *rules.REWARDS,
        ),
        take_part=attempts.take_part,
        describe=sentences.describe,
        metrics=sentences.metrics,
        aim=base.Aim.PLAY,
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
)
