"""K12: what a generator writes in the notation of a program is read as it was meant."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.importing.files.chat_logs import chat_files, log_format
from qunce.importing.files.chat_logs.log_format import JOINED, LEFT, MESSAGE, Entry
from tests import shares

IRC = Path(__file__).parents[3] / "shared/data/ubuntu_irc/ubuntu_irc_train_raw.tar.xz"
START = datetime(2026, 3, 1, 9, 0)  # noqa: DTZ001 - clocks on a wall


class Event(NamedTuple):
    at: datetime
    kind: str
    who: str
    text: str


@st.composite
def events(draw: Any, names: tuple[str, ...], texts: tuple[str, ...]) -> list[Event]:
    """Messages, joins and leaves over some days, at least one of them a message."""
    at, found = START, []
    for _number in range(draw(st.integers(1, 12))):
        at += timedelta(seconds=draw(st.integers(0, 40_000)))
        kind = draw(st.sampled_from([MESSAGE, MESSAGE, MESSAGE, JOINED, LEFT]))
        text = draw(st.sampled_from(texts)) if kind == MESSAGE else ""
        found.append(Event(at, kind, draw(st.sampled_from(names)), text))
    return [Event(START, MESSAGE, names[0], texts[0]), *found]


def irssi(log: list[Event]) -> str:
    lines, day = [f"--- Log opened {START:%a %b %d %H:%M:%S %Y}"], START.date()
    for at, kind, who, text in log:
        if at.date() != day:
            day = at.date()
            lines.append(f"--- Day changed {at:%a %b %d %Y}")
        host = f"{who} [~{who}@host]"
        line = {
            MESSAGE: f"<@{who}> {text}",
            JOINED: f"-!- {host} has joined #tea",
            LEFT: f"-!- {host} has quit [bye]",
        }[kind]
        lines += [f"{at:%H:%M:%S} {line}", f"{at:%H:%M:%S} -!- mode/#tea [+o x] by y"]
    return "\n".join([*lines, "--- Log closed"])


def weechat(log: list[Event]) -> str:
    lines = [f"{START:%Y-%m-%d %H:%M:%S}\t--\tTopic for #tea is x"]
    for at, kind, who, text in log:
        line = {
            MESSAGE: f"@{who}\t{text}",
            JOINED: f"-->\t{who} (~{who}@host) has joined #tea",
            LEFT: f"<--\t{who} (~{who}@host) has left #tea (bye)",
        }[kind]
        lines.append(f"{at:%Y-%m-%d %H:%M:%S}\t{line}")
    # The first line has to be in the format, and is.
    return "\n".join(lines)


def whatsapp(log: list[Event]) -> str:
    lines = []
    for at, kind, who, text in log:
        line = {
            MESSAGE: f"{who}: {text}",
            JOINED: f"\u200e{who} joined using this group's invite link",
            LEFT: f"\u200e{who} left",
        }[kind]
        lines.append(f"\u200e[{at:%Y-%m-%d, %H:%M:%S}] {line}")
    return "\r\n".join(lines)


def wechat(log: list[Event]) -> str:
    parts = []
    for at, kind, who, text in log:
        if kind == MESSAGE:
            parts.append(f"{who} {at:%Y-%m-%d %H:%M:%S}\n{text}\n")
        else:
            verb = "加入了群聊" if kind == JOINED else "退出了群聊"
            parts.append(f'—— {at:%Y-%m-%d %H:%M:%S} ——\n"{who}"{verb}')
    return "\n".join(parts)


def telegram(log: list[Event]) -> str:
    messages: list[dict[str, Any]] = []
    for number, (at, kind, who, text) in enumerate(log, start=1):
        common = {"id": number, "date": f"{at:%Y-%m-%dT%H:%M:%S}"}
        if kind == MESSAGE:
            half = len(text) // 2
            entities = [text[:half], {"type": "bold", "text": text[half:]}]
            own = {"type": "message", "from": who, "from_id": who, "text": entities}
        else:
            action = "invite_members" if kind == JOINED else "remove_members"
            own = {"type": "service", "actor": "boss", "actor_id": "boss"}
            own |= {"action": action, "members": [who]}
        messages.append(common | own)
    start = {"name": "Tea", "type": "private_supergroup", "id": 7}
    return json.dumps(start | {"messages": messages}, ensure_ascii=False, indent=1)


def discord(log: list[Event]) -> str:
    messages = [
        {
            "id": str(number),
            "type": "Default" if kind == MESSAGE else "GuildMemberJoin",
            "timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
            "content": text,
            "author": {"id": who, "name": who, "isBot": False},
        }
        for number, (at, kind, who, text) in enumerate(log)
        if kind != LEFT
    ]
    start = {"guild": {"id": "1"}, "channel": {"name": "tea"}}
    return json.dumps(start | {"messages": messages, "messageCount": len(messages)})


NICKS = ("ann", "b[o]b", "cem_")
NAMES = ("张三", "Ann Lee", "李四🍵")
LINE = ("hello", "=1+1", "\u202etxet", "<b>x</b>", "a: b")
LINES = (*LINE, "one\ntwo\n\nthree: four", "12:00")


@pytest.mark.parametrize(
    ("write", "key", "names", "texts", "is_json"),
    [
        (irssi, "irssi", NICKS, LINE, False),
        (weechat, "weechat", NICKS, LINE, False),
        (whatsapp, "whatsapp", NAMES, LINES, False),
        (wechat, "wechat", NAMES, LINES, False),
        (telegram, "telegram", NAMES, LINES, True),
        (discord, "discord", NAMES, LINES, True),
    ],
)
@settings(max_examples=shares.examples(25), deadline=None)
@given(data=st.data())
def test_every_format_is_read_as_it_was_written(
    write: Callable[[list[Event]], str],
    key: str,
    names: tuple[str, ...],
    texts: tuple[str, ...],
    is_json: bool,
    data: st.DataObject,
) -> None:
    log = data.draw(events(names, texts))
    content = write(log)
    found = chat_files.find(content, is_json=is_json)
    assert found is not None
    assert found.key == key
    parsed = list(found.parse(io.BytesIO(content.encode()), None))
    assert all(isinstance(each, Entry) for each in parsed), parsed
    read = [
        (each.time, each.kind, each.author, each.text)
        for each in parsed
        if isinstance(each, Entry)
    ]
    expected = [
        (
            f"{at:%Y-%m-%d %H:%M:%S}",
            kind,
            who,
            log_format.plain(text)
            if not is_json and key in ("whatsapp", "wechat")
            else text,
        )
        for at, kind, who, text in log
        if key != "discord" or kind != LEFT
    ]
    assert read == expected


@pytest.mark.skipif(not IRC.exists(), reason="the data of the IRC logs is absent")
def test_ubuntu_logs_have_as_many_messages_as_a_second_count_finds() -> None:
    """The second count is by the beginnings of lines alone."""
    plain = log_format.get("irc_plain")
    checked = 0
    with tarfile.open(IRC) as archive:
        for member in archive:
            file = archive.extractfile(member)
            day = re.search(r"(\d{4})-(\d\d)-(\d\d)", member.name)
            if file is None or day is None or not member.name.endswith(".raw.txt"):
                continue
            content = file.read()
            first = datetime(*map(int, day.groups())).date()  # type: ignore[arg-type]  # noqa: DTZ001
            kinds = [
                each.kind
                for each in plain.parse(io.BytesIO(content), first)
                if isinstance(each, Entry)
            ]
            lines = content.decode().splitlines()
            said = sum(bool(re.match(r"\[[0-9:]+\]\s+(<|\* )", line)) for line in lines)
            joined = sum(
                bool(re.match(r"===.*\] +has joined #", line)) for line in lines
            )
            assert kinds.count(MESSAGE) == said, member.name
            assert kinds.count(JOINED) == joined, member.name
            checked += 1
            if checked == 25:
                break
    assert checked == 25
