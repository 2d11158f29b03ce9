"""K12: chat logs become messages, joins and leaves; the same log twice is one."""

from __future__ import annotations

import io
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.facts.facts import Fact, find_kind
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group, Membership
from qunce.importing.files.chat_logs import log_format
from qunce.importing.files.chat_logs.log_format import DayClock, Entry
from qunce.importing.jobs import jobs
from qunce.importing.plan import questions
from qunce.importing.undo import undos
from qunce.members.accounts.models import Account
from qunce.members.message_texts.models import MessageText
from tests.factories import AT
from tests.importing import helpers

WHATSAPP = """\
[01.03.26, 20:15:00] Ann created group “Coffee 1”
[01.03.26, 20:15:01] Ann added Bob and ~ Carl
[01.03.26, 20:16:00] Ann: Hello
everybody
[01.03.26, 20:16:30] Bob: ok
[01.03.26, 20:16:30] Bob: ok
[02.03.26, 08:00:00] Carl left
[03.03.26, 09:30:00] Bob: =HYPERLINK("x")
"""
WECHAT = """\
张三 2026-03-01 20:15:33
大家好

李四 2026-03-01 20:16:00
「张三：大家好」
- - - - - - - - - -
你好
"张三"邀请"王五"加入了群聊
王五 2026-03-01 20:17:00
[图片]
"王五"退出了群聊
"""


def run(shop: Community, path: Path, **options: Any) -> dict[str, int]:
    result = helpers.run(shop, path, "messages", **options)
    result.job.refresh_from_db()
    return result.job.counts


def messages(shop: Community) -> list[tuple[str, str, str]]:
    """Name of the author, time in UTC and text of every message with a text."""
    names = dict(Account.objects.values_list("pk", "name"))
    return [
        (names[row.account_id], f"{row.happened_at:%d %H:%M:%S}", row.text)
        for row in MessageText.objects.filter(community=shop).order_by(
            "happened_at", "pk"
        )
    ]


def count_facts(kind: str) -> int:
    return Fact.objects.filter(kind_id=find_kind(kind) or 0).count()


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_log_of_whatsapp_is_imported_once(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, WHATSAPP, "chat.txt")
    counts = run(shop, path, dates="dmy")
    assert counts["facts"] == 4
    group = Group.objects.get(name="Coffee 1")
    texts = [text for _name, _time, text in messages(shop)]
    assert texts == ["Hello\neverybody", "ok", "ok", '=HYPERLINK("x")']
    present = Membership.objects.filter(group=group, present=True)
    names = Account.objects.filter(pk__in=present.values("account_id"))
    assert set(names.values_list("name", flat=True)) == {"Bob"}
    assert (count_facts("group.joined"), count_facts("group.left")) == (2, 1)
    # A later export begins later and goes on.
    later = WHATSAPP.split("\n", 4)[4] + "[04.03.26, 09:30:00] Bob: new\n"
    path = helpers.write(tmp_path, later, "later.txt")
    counts = run(shop, path, dates="dmy", answers={"group": "Coffee 1"}, source="other")
    assert counts["facts"] == 1
    assert count_facts("message.posted") == 5
    assert (count_facts("group.joined"), count_facts("group.left")) == (2, 1)
    # Facts have no texts.
    payloads = Fact.objects.filter(kind_id=find_kind("message.posted") or 0)
    assert not payloads.filter(payload__contains="HYPERLINK").exists()


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_message_that_was_edited_later_counts_once(
    shop: Community, tmp_path: Path
) -> None:
    """The log of a minute ago has the text before the edit, the next one that after it."""
    path = helpers.write(tmp_path, WHATSAPP, "chat.txt")
    run(shop, path, dates="dmy")
    edited = WHATSAPP.replace("Bob: ok\n", "Bob: okay <This message was edited>\n", 1)
    edited = edited.replace("Hello\neverybody", "Hello\nall <This message was edited>")
    edited += "[04.03.26, 09:30:00] Bob: new <This message was edited>\n"
    edited += "[04.03.26, 09:30:00] Bob: newer\n"
    for name in ("later.txt", "again.txt"):
        path = helpers.write(tmp_path, edited, name)
        counts = run(
            shop, path, dates="dmy", answers={"group": "Coffee 1"}, source=name
        )
        assert counts["facts"] == (2 if name == "later.txt" else 0)
    assert count_facts("message.posted") == 6
    texts = [text for _name, _time, text in messages(shop)]
    assert sorted(texts[-2:]) == ["new", "newer"]
    assert texts[:3] == ["Hello\neverybody", "ok", "ok"]
    # An edit that no earlier log knew is the message as it is.
    path = helpers.write(tmp_path, edited, "elsewhere.txt")
    assert run(shop, path, dates="dmy", answers={"group": "Other"})["facts"] == 6


@pytest.mark.django_db
def test_text_copied_from_wechat(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, WECHAT, "群.txt")
    counts = run(shop, path, answers={"group": "咖啡一群"})
    assert counts["facts"] == 3
    zone = [text for _name, _time, text in messages(shop)]
    assert zone == ["大家好", "你好"]
    replies = Fact.objects.filter(payload__contains="is_reply")
    assert replies.count() == 1
    assert (count_facts("group.joined"), count_facts("group.left")) == (1, 1)


@pytest.mark.django_db
def test_the_order_of_day_and_month_is_asked(shop: Community, tmp_path: Path) -> None:
    text = "1/2/26, 9:15 PM - Ann: hi\n2/2/26, 9:15 PM - Ann: ho\n"
    path = helpers.write(tmp_path, text, "WhatsApp Chat with Tea.txt")
    with pytest.raises(questions.AnswerNeeded, match="--dates mdy"):
        run(shop, path)
    run(shop, path, dates="mdy")
    assert Group.objects.filter(name="Tea").exists()
    first = MessageText.objects.order_by("happened_at")[0]
    zone = helpers.plan(shop, path, "messages", dates="mdy").zone
    assert first.happened_at == datetime(2026, 1, 2, 21, 15, tzinfo=zone)


@pytest.mark.django_db
def test_a_log_without_dates_asks_for_its_day(shop: Community, tmp_path: Path) -> None:
    text = "[23:58] <ann> hi\n=== bob [~b@host] has joined #tea\n[00:02] <bob> ho\n"
    path = helpers.write(tmp_path, text, "tea.log")
    with pytest.raises(questions.AnswerNeeded, match="day"):
        run(shop, path)
    with pytest.raises(questions.InvalidAnswer):
        run(shop, path, answers={"day": "2026-02-30"})
    run(shop, path, answers={"day": "2026-03-01"})
    zone = helpers.plan(shop, path, "messages", answers={"day": "2026-03-01"}).zone
    times = [row.happened_at for row in MessageText.objects.order_by("happened_at")]
    assert times == [
        datetime(2026, 3, 1, 23, 58, tzinfo=zone),
        datetime(2026, 3, 2, 0, 2, tzinfo=zone),
    ]


@pytest.mark.django_db
def test_a_clock_that_runs_back_is_refused(shop: Community, tmp_path: Path) -> None:
    text = (
        "张三 2026-03-01 20:15:33\n一\n李四 2026-03-01 20:12:00\n二\n"
        "王五 2026-03-01 12:16:00\n三\n王五 2026-03-01 12:17:00\n四\n"
    )
    path = helpers.write(tmp_path, text, "log.txt")
    result = helpers.run(shop, path, "messages", answers={"group": "g"})
    assert [problem.row for problem in result.problems] == [5]
    assert "line 5 the clock runs back by 7 h 59 min" in result.problems[0].remedy
    assert [text for _n, _t, text in messages(shop)] == ["四", "二", "一"]


@pytest.mark.django_db
def test_the_hour_that_clocks_show_twice_is_told_apart(tmp_path: Path) -> None:
    from tests import factories

    shop = factories.community("berlin", timezone="Europe/Berlin")
    text = "".join(
        f"2025-10-26 {time}\tann\tm{n}\n2025-10-26 {time}\t--\tx\n"
        for n, time in enumerate(["01:50:00", "02:50:00", "02:05:00", "02:55:00"])
    )
    path = helpers.write(tmp_path, text, "#x.weechatlog")
    result = helpers.run(shop, path, "messages", answers={"group": "g"})
    assert not result.problems
    times = [row.happened_at for row in MessageText.objects.order_by("text")]
    assert [f"{time.astimezone(UTC):%H:%M}" for time in times] == [
        "23:50",
        "00:50",
        "01:05",
        "01:55",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "row", "sentence"),
    [
        ("昨天 20:15\n张三: 好\n2026-03-01 20:15\n张三: 好\n", 1, "no date"),
        (f"{WHATSAPP}[04.03.26, 10:", 9, "ends in the middle"),
        ("[20:15] <ann> hi\n[20:16] oops\n[20:17] <ann> hi\n", 2, "not one of"),
        ("[20:15] <ann> hi\n[20:17] <ann> hi\n[20:1", 3, "ends in the middle"),
        (
            '{"name": "x", "type": "private_group", "id": 1, "messages": [{"id":',
            1,
            "ends",
        ),
    ],
)
def test_a_log_that_is_cut_is_refused_by_line(
    shop: Community, tmp_path: Path, text: str, row: int, sentence: str
) -> None:
    path = helpers.write(tmp_path, text, "log.txt")
    answers = {"group": "g", "day": "2026-03-01"}
    plan = helpers.plan(shop, path, "messages", answers=answers, dates="dmy")
    problems = [p for chunk in plan.target.chunks(plan) for p in chunk.problems]
    assert [problem.row for problem in problems] == [row]
    assert sentence in problems[0].remedy


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_an_import_of_a_log_is_undone(shop: Community, tmp_path: Path) -> None:
    before = Account.objects.count()
    path = helpers.write(tmp_path, WHATSAPP, "chat.txt")
    result = helpers.run(shop, path, "messages", dates="dmy")
    by = staff_models.system(shop)
    job = jobs.get(shop, result.job.pk) if hasattr(jobs, "get") else result.job
    undos.start(job=job, by=by, at=AT, in_background=False)
    undos.complete(job.pk, at=AT)
    assert not MessageText.objects.exists()
    assert count_facts("message.posted") == 0
    present = Account.objects.filter(present=True, erased_at=None)
    assert present.count() == before
    # And once more, as if it had never been imported.
    result = helpers.run(shop, path, "messages", dates="dmy")
    assert count_facts("message.posted") == 4


@pytest.mark.django_db
def test_facts_of_a_file_have_no_texts(shop: Community, tmp_path: Path) -> None:
    lines = (
        '{"kind": "message.posted", "member_key": "a", "happened_at":'
        ' "2026-02-01T09:00:00Z", "payload": {"text": "secret"}}\n'
        '{"kind": "note.taken", "member_key": "a", "happened_at":'
        ' "2026-02-01T09:00:00Z", "payload": {"text": "kept"}}\n'
    )
    path = helpers.write(tmp_path, lines, "facts.ndjson")
    result = helpers.run(shop, path, "facts")
    assert [problem.row for problem in result.problems] == [1]
    assert "as chat logs" in result.problems[0].remedy
    assert Fact.objects.filter(payload__contains="kept").count() == 1


@pytest.mark.django_db
def test_hostile_names_are_stored_as_they_are_read(
    shop: Community, tmp_path: Path
) -> None:
    names = ["=HYPERLINK(1)", "\u202eeve\u200b", "<b>x</b>", "x" * 300]
    text = "".join(
        f"{name} 2026-03-01 20:1{n}:00\nhi {n}\n" for n, name in enumerate(names)
    )
    path = helpers.write(tmp_path, text, "log.txt")
    run(shop, path, answers={"group": "g"})
    stored = [name for name, _time, _text in messages(shop)]
    assert stored[:3] == ["=HYPERLINK(1)", "eve", "<b>x</b>"]


@pytest.mark.django_db
@pytest.mark.parametrize("depth", [1, 100_000])
def test_hostile_json_is_a_broken_row(
    shop: Community, tmp_path: Path, depth: int
) -> None:
    nested = "[" * depth + "]" * depth
    text = (
        '{"name": "Tea", "type": "private_supergroup", "id": 7, "messages": ['
        '{"id": 1, "type": "message", "date": "2026-03-01T20:15:00", "from": "Ann",'
        ' "from_id": "u1", "text": "half \\ud83d"},\n'
        '{"id": 2, "type": "service", "date": "2026-03-01T20:16:00", "actor_id": "u1",'
        ' "action": ["invite_members"], "members": 5},\n'
        '{"id": 3, "type": "service", "date": "2026-03-01T20:16:00", "actor_id": "u1",'
        ' "action": "invite_members", "members": 5},\n'
        f'{{"id": 4, "type": {nested}}}'
        "]}"
    )
    path = helpers.write(tmp_path, text, "result.json")
    result = helpers.run(shop, path, "messages", answers={"group": "g"})
    assert [row[2] for row in messages(shop)] == ["half \ufffd"]
    assert [problem.row for problem in result.problems] == [4]


def test_days_without_an_end_are_no_error() -> None:
    clock = DayClock(date.max)
    times = [clock.at("23", "00", None), clock.at("01", "00", None)]
    assert times[0] == "9999-12-31 23:00:00"
    clock = DayClock(date.min)
    assert clock.at("01", "00", None) == "0001-01-01 01:00:00"
    clock.at("23", "59", None)


@pytest.mark.parametrize("part", ["x ist link ", "a hat b ", "added ", "1.1", "已添加"])
def test_long_lines_cost_little(part: str) -> None:
    line = part * (100_000 // len(part))
    text = f"[01.03.26, 20:15:00] {line}\n[01.03.26, 20:16:00] Ann: Hello\n{line}"
    before = time.process_time()
    found = list(log_format.get("whatsapp").parse(io.BytesIO(text.encode()), None))
    assert time.process_time() - before < 1
    assert [each.author for each in found if isinstance(each, Entry)] == ["Ann"]
