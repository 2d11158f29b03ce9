"""Tags, opt-outs and facts of the same kinds as the 46 cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cases.readings import ASKED, REFUSED, check
from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

# Tags

SEPARATED = {
    "semicolon": "vip;新客",
    "wide semicolon": "vip；新客",
    "enumeration comma": "vip、新客",
    "wide comma": "vip，新客",
    "comma": "vip,新客",
    "bar": "vip|新客",
    "JSON": '["vip", "新客"]',
    "spaces around": "vip ; 新客 ;",
}


@pytest.mark.parametrize("target", ["members", "tags"])
@pytest.mark.parametrize("cell", SEPARATED.values(), ids=[*SEPARATED])
def test_tags_in_a_cell_are_split_or_asked(
    terminal: Terminal, cell: str, target: str
) -> None:
    file = terminal.write_table("m.csv", [["key", "tags"], ["t1", cell], ["t2", "vip"]])
    if target == "tags":
        terminal.imports(terminal.write("k.csv", "key\nt1\nt2\n"), "members")

    def tags() -> list[str]:
        return sorted(terminal.member("t1")["tags"])

    check(terminal, file, target, tags, ["vip", "新客"], ASKED)


AMBIGUOUS = {"slash": ["vip/新客", "茶/咖啡"], "space": ["vip 新客", "茶 咖啡"]}


@pytest.mark.parametrize("cells", AMBIGUOUS.values(), ids=[*AMBIGUOUS])
def test_tags_by_a_doubtful_sign_are_shown_first(
    terminal: Terminal, cells: list[str]
) -> None:
    rows = [["key", "tags"], ["t1", cells[0]], ["t2", cells[1]]]
    file = terminal.write_table("m.csv", rows)

    def tags() -> list[str]:
        return sorted(terminal.member("t1")["tags"])

    check(terminal, file, "members", tags, ["vip", "新客"], [cells[0]], ASKED)


# Opt-outs

OPT_OUTS = {
    "Opted out: yes": ("Opted out", "yes", True),
    "Opted out: 1": ("Opted out", "1", True),
    "Opted out: no": ("Opted out", "no", False),
    "Opted out: empty": ("Opted out", "", False),
    "退订: 是": ("退订", "是", True),
    "退订: 否": ("退订", "否", False),
    "Unsubscribed: TRUE": ("Unsubscribed", "TRUE", True),
    # A consent is the opposite of an opt-out.
    "Accepts Marketing: yes": ("Accepts Marketing", "yes", False),
    "Accepts Email Marketing: yes": ("Accepts Email Marketing", "yes", False),
}


@pytest.mark.parametrize(("heading", "cell", "out"), OPT_OUTS.values(), ids=[*OPT_OUTS])
def test_opt_out(terminal: Terminal, heading: str, cell: str, out: bool) -> None:
    rows = [["email", heading], ["ann@example.com", cell]]
    file = terminal.write_table("m.csv", rows)

    def opted_out() -> list[str]:
        return terminal.audience({"opted_out": {"of": "messages"}})

    check(
        terminal,
        file,
        "members",
        opted_out,
        ["ann@example.com"] if out else [],
        REFUSED,
    )


# Facts


def fact(
    kind: str = "class.booked", at: Any = "2024-03-05T10:00:00+08:00", **more: Any
) -> str:
    line = {"kind": kind, "member_key": "M1", "happened_at": at, **more}
    return json.dumps(line, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    "kind",
    ["order.paid", "member.erased", "staff.joined", "tag.added", "import.started"],
)
def test_own_kind_of_fact_is_refused_or_takes_effect(
    terminal: Terminal, kind: str
) -> None:
    payload = {"order": "Z1", "amount": 1000, "currency": "CNY"}
    file = terminal.write("f.ndjson", fact(kind, payload=payload))
    result = terminal.import_file(file, "facts")
    if result.code:
        assert kind in result.errors
        return
    assert kind == "order.paid"
    assert terminal.amounts() == {"Z1": ("10.00", "0.00")}


TIMES: dict[str, tuple[Any, str]] = {
    "nine digits": (978307200, "2001-01-01"),
    "ten digits": (1709604000, "2024-03-05"),
    "milliseconds": (1709604000000, "2024-03-05"),
    "microseconds": (1709604000000000, "2024-03-05"),
    "before 2000": ("1901-03-05T10:00:00+08:00", REFUSED),
    "in the future": ("2099-03-05T10:00:00+08:00", REFUSED),
    "zero": (0, REFUSED),
}


@pytest.mark.parametrize(("at", "day"), TIMES.values(), ids=[*TIMES])
def test_time_of_a_fact(terminal: Terminal, at: Any, day: str) -> None:
    file = terminal.write("f.ndjson", fact(at=at))

    def happened() -> list[str]:
        facts = terminal.member("M1")["facts"]
        return [
            each["happened_at"][:10] for each in facts if each["kind"] == "class.booked"
        ]

    check(terminal, file, "facts", happened, [day], day)


def test_decimals_of_a_payload_count_exactly(terminal: Terminal) -> None:
    text = "".join(
        fact(key=str(index), payload={"minutes": value})
        for index, value in enumerate([0.1, 0.2, "12.50"])
    )
    terminal.imports(terminal.write("f.ndjson", text), "facts")

    def booked(**limits: Any) -> list[str]:
        summed = {"field": "minutes", **limits}
        return terminal.audience({"did": {"kind": "class.booked", "sum": summed}})

    assert booked(gte=12.8) == ["M1"]
    assert booked(gt=12.8) == []


def test_field_that_no_fact_has_is_an_error(terminal: Terminal) -> None:
    terminal.imports(terminal.write("f.ndjson", fact(payload={"minutes": 10})), "facts")
    rule = {"did": {"kind": "class.booked", "sum": {"field": "minuts", "gte": 1}}}
    result = terminal.run("audience", "list", json.dumps(rule), "--json")
    assert result.code != 0
    assert "minutes" in result.errors


def test_field_with_a_chinese_name_counts(terminal: Terminal) -> None:
    terminal.imports(terminal.write("f.ndjson", fact(payload={"时长": 10})), "facts")
    rule = {"did": {"kind": "class.booked", "sum": {"field": "时长", "gte": 10}}}
    assert terminal.audience(rule) == ["M1"]
