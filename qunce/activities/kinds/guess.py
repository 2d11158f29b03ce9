"""The kind `guess`: a number, which is too low or too high, or a word."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.games import attempts, pages, payouts, rules, sentences
from qunce.activities.kinds import base
from qunce.core.guards import legal_notices

GUESS = base.register(
    base.Kind(
        key=rules.GUESS,
        label=pgettext_lazy("kind of activity", "Guess the number or word"),
        description=gettext_lazy(
            "Members guess a number, and read whether it is too low or too high, or a "
            "word. The first who is right gets the points."
        ),
        keywords=("猜", "guess"),
        settings_form=(
            rules.question_rows(
                label=gettext_lazy("What is guessed"),
                question=gettext_lazy("Hint, such as: a number from 1 to 100"),
                answer=gettext_lazy("Number or word"),
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
