from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, identifiers, placeholders
from tests import factories
from tests.factories import AT

KINDS = ("key", "phone", "email", "unionid")
INVISIBLE = ["\u200b", "\ufeff", "\u202d", "\u202c", "\u00ad", "\u2060", "\ufe0f"]
SPACES = [" ", "\u00a0", "\u3000", "\t"]


def read(kind: str, text: str, region: str = "CN") -> str | None:
    try:
        return identifiers.normalise(kind, text, region=region)
    except identifiers.InvalidIdentifier:
        return "refused"


@st.composite
def dressed(draw: st.DrawFn, text: str) -> str:
    """The text as spreadsheets, messengers and keyboards write it."""
    if draw(st.booleans()):
        text = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    for _times in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(INVISIBLE)) + text[at:]
    text = draw(st.sampled_from(["{}", "'{}", '="{}"', "`{}", '"{}"'])).format(text)
    edge = st.sampled_from(["", *SPACES])
    return draw(edge) + text + draw(edge)


@given(
    st.sampled_from(KINDS), st.text(max_size=30), st.sampled_from(["CN", "US", "IT"])
)
def test_normal_forms_are_normal(kind: str, text: str, region: str) -> None:
    normal = read(kind, text, region)
    if normal is not None:
        assert read(kind, normal, region) == normal


@given(
    st.text("0123456789+-() .", min_size=5, max_size=18),
    st.sampled_from(["CN", "US", "GB", "IT", "JP", "AR", "MX", "BR", "RU", "FR"]),
)
def test_normal_phones_are_normal(text: str, region: str) -> None:
    normal = read("phone", text, region)
    if normal is not None:
        assert read("phone", normal, region) == normal


@given(st.data(), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_spellings_of_one_mobile_phone_agree(data: st.DataObject, number: str) -> None:
    prefix = data.draw(
        st.sampled_from(["", "86", "+86", "0086", "(86)", "+86 ", "+86-"])
    )
    sign = data.draw(st.sampled_from(["", " ", "-", "."]))
    spelt = prefix + sign.join([number[:3], number[3:7], number[7:]])
    assert read("phone", data.draw(dressed(spelt))) == number


@given(st.data(), st.from_regex(r"[A-Z][A-Za-z0-9_-]{2,20}", fullmatch=True))
def test_what_cannot_be_seen_does_not_tell_keys_apart(
    data: st.DataObject, key: str
) -> None:
    if key.casefold() not in identifiers.DEFAULT_PLACEHOLDERS:
        assert read("key", data.draw(dressed(key))) == key


@given(st.data(), st.emails())
def test_addresses_do_not_differ_by_case(data: st.DataObject, address: str) -> None:
    lower = read("email", address.lower())
    assert read("email", data.draw(dressed(address.upper()))) in (lower, "refused")


@pytest.mark.parametrize(
    ("kind", "text", "normal"),
    [
        ("key", "00123", "00123"),
        ("key", '="00123"', "00123"),
        ("key", "'00123", "00123"),
        ("key", "17850.0", "17850"),
        ("key", "Ｍ００１", "M001"),
        ("key", "12E5", "12E5"),
        ("key", "小 林", "小 林"),
        ("phone", "13800138001.0", "13800138001"),
        ("phone", "(+86)138 0013 8001", "13800138001"),
        ("phone", "+86 (0)10 6234 5678", "01062345678"),
        ("phone", "+852 9123 4567", "+85291234567"),
        ("phone", "85291234567", "+85291234567"),
        ("phone", "400-800-1234", "4008001234"),
        ("phone", "٠١٠٦٢٣٤٥٦٧٨", "01062345678"),
        ("email", "Ann Lee <Ann@Example.com>", "ann@example.com"),
        ("email", "mailto:ann@example.com", "ann@example.com"),
    ],
)
def test_values_are_read_as_they_are_meant(kind: str, text: str, normal: str) -> None:
    assert read(kind, text) == normal


def test_region_decides_numbers_without_a_country_code() -> None:
    assert read("phone", "(415) 555-2671", "US") == "4155552671"
    assert read("phone", "+1 415 555 2671", "US") == "4155552671"
    assert read("phone", "+1 415 555 2671", "CN") == "+14155552671"
    assert read("phone", "+86 138 0013 8001", "US") == "+8613800138001"
    assert read("phone", "07911 123456", "GB") == read("phone", "+447911123456", "GB")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "NULL",
        "null",
        "None",
        "nan",
        "N/A",
        "#N/A",
        "[object Object]",
        "-",
        "—",
        "无",
        "未知",
        "ＮＵＬＬ",
    ],
)
def test_placeholders_mean_none(kind: str, text: str) -> None:
    assert identifiers.normalise(kind, f" {text} ") is None


@pytest.mark.parametrize("text", ["0", "0.0", "00000000000", "11111111111"])
def test_placeholders_of_phones_mean_none(text: str) -> None:
    assert identifiers.normalise("phone", text) is None


@pytest.mark.parametrize(
    "text", ["1.38E+10", "2.034567890123457e+18", "1,38E+10", "2034567890123457000.0"]
)
@pytest.mark.parametrize("kind", ["key", "phone", "unionid"])
def test_rounded_numbers_are_refused_with_the_remedy(kind: str, text: str) -> None:
    with pytest.raises(identifiers.InvalidIdentifier, match="column as text"):
        identifiers.normalise(kind, text)


@pytest.mark.parametrize(
    "text",
    ["138****8001", "13800138001/13900139001", "138001380010", "12", "1380013800a"],
)
def test_what_nobody_can_be_called_by_is_refused(text: str) -> None:
    assert read("phone", text) == "refused"


def test_staff_extend_the_placeholders(shop: Community, by: Staff) -> None:
    assert accounts.check_key(shop, "TBD") == "TBD"
    own = placeholders.add(community=shop, text=" Tbd", by=by, at=AT)
    with pytest.raises(accounts.InvalidAccount):
        accounts.check_key(shop, "TBD")
    other = factories.community("other")
    assert accounts.check_key(other, "TBD") == "TBD"
    placeholders.delete(placeholder=own, by=by, at=AT)
    assert accounts.check_key(shop, "TBD") == "TBD"
    with pytest.raises(placeholders.InvalidPlaceholder):
        placeholders.add(community=shop, text="NULL", by=by, at=AT)
