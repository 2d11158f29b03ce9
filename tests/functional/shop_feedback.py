"""Cases, an inbox, automatic replies and wishes of the tea shop."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qunce.members.message_texts.models import MessageText
    from tests.functional.tea_shop import TeaShop


def add_feedback(shop: TeaShop) -> None:
    from qunce.groups.complaints import complaints
    from qunce.groups.wishes import wishes
    from qunce.outreach.replies import conversations, reply_rules
    from qunce.outreach.replies.models import Conversation, Kind

    account, group = shop.accounts[1].pk, shop.ids["group"]
    text = _message(shop, account, group, "茶杯碎了，什么时候能补发？")
    case = complaints.create(
        **shop.in_shop(topic="quality", title="茶杯碎了", kind="after_sales"),
        account=account,
        group=group,
        message=text.pk,
        owner=shop.owner,
    )
    direct = _message(shop, account, None, "请问周末几点开门？")
    row = conversations.open_or_extend(
        Conversation(
            community=shop.community,
            account_id=account,
            kind=Kind.DIRECT,
            channel="assisted",
            source_id=direct.source_id,
            key=direct.key,
            opened_at=direct.happened_at,
            last_at=direct.happened_at,
            changed_at=shop.at,
        ),
        at=shop.at,
    )
    rule = reply_rules.create(
        **shop.in_shop(name="营业时间", match="contains", words=["营业时间"]),
        text="九点到六点",
    )
    wish = wishes.create(**shop.in_shop(title="想要小包装"), message=text.pk)
    for number, title in enumerate(("周末线下品茶会", "岩茶的讲解直播"), 2):
        more = wishes.create(**shop.in_shop(title=title))
        for other in shop.accounts[number : 3 * number]:
            wishes.add_voice(wish=more, account=other.pk, **shop.by_owner())
    shop.ids |= {
        "complaint": case.pk,
        "conversation": row.pk,
        "reply_rule": rule.pk,
        "wish": wish.pk,
        "message_text": text.pk,
    }


def _message(shop: TeaShop, account: int, group: int | None, text: str) -> MessageText:
    from qunce.core import timestamps
    from qunce.core.facts import interned_names
    from qunce.members.message_texts import message_texts
    from qunce.members.message_texts.message_texts import NewText
    from qunce.members.message_texts.models import MessageText

    source = interned_names.ensure("source", shop.community.pk, ["feedback"])
    moment = timestamps.to_micros(shop.at - timedelta(minutes=1))
    new = NewText(f"{group}-{text}", account, group, moment, text)
    message_texts.store(shop.community, source["feedback"], [new])
    return MessageText.objects.get(source_id=source["feedback"], key=new.key)
