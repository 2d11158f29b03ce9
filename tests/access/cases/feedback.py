"""How the sweep calls verbs: complaints, the inbox, wishes, digests."""

from __future__ import annotations

from typing import Any

from qunce.groups.complaints import complaint_list, complaints
from qunce.groups.wishes import wishes
from qunce.outreach.replies import conversations
from tests.access.cases.base import after, both, case, ids, just, one
from tests.access.world import World


def the_day(world: World) -> dict[str, Any]:
    return {"day": world.community.day(world.at)}


def moment(world: World) -> dict[str, Any]:
    return {"moment": world.at}


def staff_member(world: World) -> dict[str, Any]:
    return {"staff": world.owner}


def reference(world: World) -> dict[str, Any]:
    row = world.get("message text")
    return {"refs": [(row.source_id, row.key)]}


def rows(name: str) -> Any:
    return lambda world: {"rows": [world.get(name)]}


A_CASE = one("complaint")
CLOSED = both(A_CASE, just(outcome="solved"))
case(
    "groups.message_quotes",
    get=ids("pk", "message text"),
    load=reference,
    list_of_day=both(ids("group", "group"), the_day, just(limit=9)),
    list_direct=both(ids("accounts"), just(limit=9)),
    list_around=both(ids("group", "group"), moment),
)
case(
    "groups.complaints.complaints",
    create=both(ids("account"), just(topic="delivery", title="Late")),
    update=both(A_CASE, just(title="Newer")),
    assign=both(A_CASE, staff_member),
    start=A_CASE,
    answer=both(A_CASE, just(text="Sorry")),
    close=CLOSED,
    reopen=after(complaints.close, CLOSED, A_CASE),
    add_note=both(A_CASE, just(text="Called")),
    attach=both(A_CASE, ids("message", "message text")),
)
case(
    "groups.complaints.ratings",
    rate=after(complaints.close, CLOSED, both(A_CASE, just(rating=5))),
)
case(
    "groups.complaints.complaint_list",
    select=just(filters=complaint_list.Filters()),
    list_visible=just(),
    get=ids("pk", "complaint"),
    list_notes=A_CASE,
    list_messages=A_CASE,
)
case("groups.complaints.complaint_settings", change=just(complaint_hours=5))
case(
    "groups.complaints.escalation",
    list_own=just(),
    list_unowned=just(),
    list_late_of_others=just(),
)
case(
    "groups.complaints.order_links",
    find=just(key="none"),
    list_latest=ids("accounts"),
)
A_WISH = one("wish")
case(
    "groups.wishes.wishes",
    create=just(title="New"),
    update=both(A_WISH, just(title="Newer")),
    change_state=both(A_WISH, just(state="done")),
    add_voice=both(A_WISH, ids("account")),
    remove_voice=both(A_WISH, ids("voice", "wish voice")),
    merge=lambda w: {"wish": w.get("wish"), "into": other_wish(w)},
    separate=lambda w: {"wish": merged_wish(w)},
    get=ids("pk", "wish"),
    list_counted=just(),
    list_people=A_WISH,
    list_voices=A_WISH,
)


def other_wish(world: World) -> Any:
    return wishes.create(
        community=world.community, title="Other", by=world.owner, at=world.at
    )


def merged_wish(world: World) -> Any:
    wish = world.get("wish")
    wishes.merge(wish=wish, into=other_wish(world), by=world.owner, at=world.at)
    return wish


def answered_wish(world: World) -> dict[str, Any]:
    wish = world.get("wish")
    wishes.update(wish=wish, answer="Here", by=world.owner, at=world.at)
    return {"wish": wish}


case("outreach.wish_answers", draft=answered_wish)
case("groups.digests.group_digests", load=both(ids("group", "group"), the_day))
A_CONVERSATION = one("conversation")
WAITING = after(conversations.reopen, A_CONVERSATION)
case(
    "outreach.replies.conversations",
    assign=both(A_CONVERSATION, staff_member),
    close=after(
        conversations.reopen,
        A_CONVERSATION,
        both(A_CONVERSATION, just(reason="spam")),
    ),
    reopen=A_CONVERSATION,
    select=just(filters=conversations.Filters()),
    list_visible=just(),
    get=ids("pk", "conversation"),
    list_own=just(),
    list_late_of_others=just(),
)
case(
    "outreach.replies.answers",
    send=after(
        conversations.reopen, A_CONVERSATION, both(A_CONVERSATION, just(text="Hi"))
    ),
    mark_elsewhere=WAITING,
    undo=one("answer=reply answer"),
    get=ids("pk", "reply answer"),
)
case("outreach.replies.threads", load=A_CONVERSATION)
case("outreach.replies.similar_questions", find=just(text="hours"))
case("outreach.replies.reply_settings", change=just(answer_minutes=5))
A_RULE = one("rule=reply rule")
case(
    "outreach.replies.reply_rules",
    create=just(name="New", match="exact", words=["x"], text="Yes"),
    update=both(A_RULE, just(name="Newer")),
    switch=both(A_RULE, just(is_on=True)),
    archive=A_RULE,
    move=both(A_RULE, just(position=0)),
    list_all=just(),
    get=ids("pk", "reply rule"),
    try_texts=just(texts=["hours"]),
)
