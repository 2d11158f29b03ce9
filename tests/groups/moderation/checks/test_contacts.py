from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.contents import contact_details, normalisation
from tests.groups.moderation.subjects import compiled, find, matched, subject


def contacts(text: str) -> list[tuple[str, str]]:
    found = contact_details.find(normalisation.normalise(text))
    return [(each.kind.value, each.value) for each in found]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("t.me/joinchat/AAA", "invite", "t.me/joinchat/aaa"),
        ("https://chat.whatsapp.com/Xy1", "invite", "chat.whatsapp.com/xy1"),
        ("weixin.qq.com/g/AbC", "invite", "weixin.qq.com/g/abc"),
        ("discord.gg/abc", "invite", "discord.gg/abc"),
        ("https://matrix.to/#/#room:x.org", "invite", "matrix.to/#/#room:x.org"),
        ("https://qm.qq.com/q/abc", "invite", "qm.qq.com/q/abc"),
        ("http://t.cn/A6abc", "short_link", "t.cn/a6abc"),
        ("看bit.ly/3xyz", "short_link", "bit.ly/3xyz"),
        ("hxxps://evil[.]com/a", "link", "evil.com/a"),
        ("http://1.2.3.4:8080/x", "link", "1.2.3.4/x"),
        ("www。abc点com", "link", "www.abc.com"),
        ("I38OO138OOO", "phone", "13800138000"),
        ("+49 175 2088 077", "phone", "+491752088077"),
        ("400-820-8820", "phone", "4008208820"),
        ("12345678加群", "qq", "12345678"),
        ("a(at)b[dot]com", "email", "a@b.com"),
    ],
)
def test_contact_is_found(text: str, kind: str, value: str) -> None:
    assert contacts(text) == [(kind, value)]


@given(
    st.lists(
        st.sampled_from(
            "加微信|vx|qq|群|:| |abc123|13800138000|.com|http://|a|@|点|t.me/|+|一三八|"
            "\u200b|１|\n".split("|")
        ),
        max_size=12,
    ).map("".join)
)
def test_contacts_are_parts_of_the_text_that_do_not_overlap(text: str) -> None:
    found = contact_details.find(normalisation.normalise(text))
    end = 0
    for each in found:
        assert end <= each.start < each.end <= len(text)
        assert each.value
        end = each.end


def test_each_kind_has_its_limit() -> None:
    text = "a.com b.com 13800138000"
    limits = {"link": {"at_most": 2}, "phone": "off"}
    assert find("contacts", text, **limits) == []
    (finding,) = find("contacts", f"{text} c.com", **limits)
    assert matched([finding]) == ["a.com", "b.com", "c.com"]
    assert base.list_sentences(finding)[0] == (
        "Link to a.com (3 in the text, 2 allowed)."
    )
    assert matched(find("contacts", text, link="none", phone="none")) == [
        "a.com",
        "b.com",
        "13800138000",
    ]
    assert find("contacts", "a.com a.com A.COM", link={"at_most": 1}) == []


def test_allowed_domains_and_numbers_do_not_count() -> None:
    allowed = ["Shop.example.com", "https://qun.qq.com/", "400-820-8820", "my_shop88"]
    check = compiled("contacts", link="none", allowed=allowed)
    for text in (
        "https://shop.example.com/a",
        "m.shop.example.com",
        "qun.qq.com/x",
        "400 820 8820",
        "加微信my_shop88",
    ):
        assert not check.judge(subject(text)).findings, text
    for text in ("example.com", "shop.example.com.evil.cn", "400 820 8821"):
        assert check.judge(subject(text)).findings, text


def test_contact_in_a_name_is_found() -> None:
    check = compiled("contacts")
    (finding,) = check.judge(subject("hi", author_name="加薇❤abc12345")).findings
    assert finding.evidence[0].place == "name"
    assert finding.evidence[0].matched == "加薇❤abc12345"


def test_shares_are_limited() -> None:
    assert matched(find("shares", "[小程序]奶茶拼团")) == ["[小程序]"]
    assert matched(find("shares", "￥Ab12Cd34Ef￥ 复制打开淘宝")) == [
        "￥Ab12Cd34Ef￥",
        "复制打开淘宝",
    ]
    assert find("shares", "[名片]", card="off") == []
    assert find("shares", "（微笑）价格￥12345678元") == []
    forwarded = subject("x", is_forwarded=True)
    assert not compiled("shares").judge(forwarded).findings
    assert compiled("shares", forward="none").judge(forwarded).findings
