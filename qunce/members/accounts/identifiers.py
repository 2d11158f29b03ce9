"""Keys and identifiers of people in their one normal form.

Every file, form, program and channel reads them here, so that what looks the same is the
same. A `Reader` knows the region and the placeholders of a community.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors, text_validation

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

MERGING_KINDS = ("unionid", "phone", "email")
"""Kinds whose equal values merge accounts, the most reliable kind first."""
KEY = "key"
"""The kind of an account's key, whatever its channel."""
DEFAULT_REGION = "CN"
MAX_LENGTH = 200

DEFAULT_PLACEHOLDERS = frozenset(
    "0 null none nil nan na n/a #n/a n.a. #null! #value! #ref! #name? #num! #div/0! "
    "- -- --- — —— – / // \\ \\n . * ? ?? (null) <null> [null] (none) <none> <na> "
    "undefined unknown missing empty blank anonymous guest "
    "无 無 暂无 没有 空 空白 未知 不详 不明 未填 未填写 未提供 未绑定 未登记 未留 "
    "匿名 匿名用户 游客 散客 非会员".split()
) | {"[object object]"}
"""The text of cells that have no value, case-folded."""

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,19}")
PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_:\-]{0,199}")
PLAIN_KINDS = (KEY, "unionid")
"""Kinds whose identifiers of these characters stay as they are."""
EMAIL = re.compile(
    r"[^@\s,;:<>()\[\]\"\\]+@[^@\s,;:<>()\[\]\"\\.]+(?:\.[^@\s,;:<>()\[\]\"\\.]+)+"
)
NAMED_ADDRESS = re.compile(r"[^<>@]*<([^<>]+)>")
BETWEEN_DIGITS = re.compile(r"[\s\-‐‑‒–—().·]+")
PHONE_TEXT = re.compile(r"\+?[\d\s\-‐‑‒–—().·]+")
MOBILE = re.compile(r"1[3-9]\d{9}")
"""Chinese mobile numbers. phonenumbers learns of new ranges only with an update."""
SPELT_MOBILE = re.compile(r"(?:\+?86)?0?(1[3-9]\d{9})")
MISTYPED_MOBILE = re.compile(r"1[0-2]\d{9}")
MOBILE_OF_OTHER_LENGTH = re.compile(r"1[3-9](?:\d{3,8}|\d{10,})")
FRACTION = re.compile(r"\d{7,}\.\d+|\d+\.\d")
FLOAT = re.compile(r"(\d+)\.0+")
ROUNDED = re.compile(
    r"[+-]?\d+[.,]\d+e[+-]?\d+|[+-]?\d+e\+\d+|\d{16,}\.0+", re.IGNORECASE
)
"""A double has about 16 digits, so the rest of such a number is lost."""
FORMULA = re.compile(r'=\s*"+(.*?)"+', re.DOTALL)
QUOTED = re.compile(r'"(.+)"', re.DOTALL)
INVISIBLE = frozenset(
    # Beside the category of format characters: fillers, blanks, variation selectors.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


class InvalidIdentifier(errors.Invalid):
    """The phone number, e-mail address or other identifier is not valid."""


@dataclass(frozen=True)
class Reader:
    """Reads keys and identifiers as one community understands them."""

    region: str = DEFAULT_REGION
    placeholders: Collection[str] = DEFAULT_PLACEHOLDERS

    def normalise(self, kind: str, value: str) -> str | None:
        return normalise(
            kind, value, region=self.region, placeholders=self.placeholders
        )

    def is_plain_key(self, value: str) -> bool:
        """Whether a key is in normal form already, as nearly all are."""
        return (
            PLAIN.fullmatch(value) is not None
            and value.casefold() not in self.placeholders
        )

    def require(self, kind: str, value: str) -> str:
        """The normal form where there must be one; raises InvalidIdentifier."""
        text = self.normalise(kind, value)
        if text is None and value.strip():
            raise InvalidIdentifier(
                _("“%(text)s” is a placeholder and identifies nobody.")
                % {"text": value.strip()[:MAX_LENGTH]}
            )
        if text is None:
            raise InvalidIdentifier(_("%(kind)s is empty.") % {"kind": kind})
        return text


def normalise(
    kind: str,
    value: str,
    *,
    region: str = DEFAULT_REGION,
    placeholders: Collection[str] = DEFAULT_PLACEHOLDERS,
) -> str | None:
    """The one spelling of a key, phone, address or id; None if there is none.

    `kind` is "key", "phone", "email", "unionid" or the name of any other identifier.
    `region` is the country (ISO 3166) of phones without a country code. Raises
    InvalidIdentifier with a sentence that says what to correct.
    """
    # Most keys are in normal form, and programs send a thousand at a time.
    if kind in PLAIN_KINDS and PLAIN.fullmatch(value):
        return None if value.casefold() in placeholders else value
    if not KIND_PATTERN.fullmatch(kind):
        raise InvalidIdentifier(
            _("“%(kind)s” is not a kind of identifier. Use a name such as phone.")
            % {"kind": kind}
        )
    if not text_validation.is_valid(value):
        raise InvalidIdentifier(
            _("This value contains characters that cannot be stored.")
        )
    text = clean(value)
    if _says_none(text, placeholders):
        return None
    if kind == "email":
        return _normalise_email(text)
    text = _whole_number(text)
    if kind == "phone":
        text = _normalise_phone(text, region)
    # A second time: 0.0 has become 0, and +86 0 is no phone either.
    if _says_none(text, placeholders):
        return None
    if len(text) > MAX_LENGTH:
        raise InvalidIdentifier(
            _("“%(text)s…” is too long. Use at most %(most)d characters.")
            % {"text": text[:40], "most": MAX_LENGTH}
        )
    return text


def _whole_number(text: str) -> str:
    """The text without the decimals that a program added which reads ids as numbers."""
    if ROUNDED.fullmatch(text):
        raise InvalidIdentifier(
            _(
                "“%(text)s” is a number that a spreadsheet has rounded. Store the"
                " column as text and export it again."
            )
            % {"text": text[:MAX_LENGTH]}
        )
    match = FLOAT.fullmatch(text)
    return match[1] if match else text


def _says_none(text: str, placeholders: Collection[str]) -> bool:
    return not text or text.casefold() in placeholders


def clean(text: str) -> str:
    """The text without what cannot be seen and without guards against spreadsheets.

    Full-width letters and digits become plain ones.
    """
    # Until nothing changes: a guard may hide another one.
    while (cleaned := _clean_once(text)) != text:
        text = cleaned
    return text


def _clean_once(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(
            character
            for character in text
            if character not in INVISIBLE and unicodedata.category(character) != "Cf"
        )
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(c for c in text if unicodedata.category(c) != "Cc")
    for pattern in (FORMULA, QUOTED):
        if match := pattern.fullmatch(text):
            text = match[1]
    # Excel shows no leading apostrophe, exports of WeChat Pay begin with a grave accent.
    return text.lstrip("'`")


def _normalise_email(text: str) -> str:
    address = text
    if match := NAMED_ADDRESS.fullmatch(address):
        address = match[1]
    # The part before the @ may be case-sensitive by the standard, but no provider
    # treats it so.
    address = clean(clean(address).casefold()).removeprefix("mailto:")
    if not EMAIL.fullmatch(address) or len(address) > MAX_LENGTH:
        raise InvalidIdentifier(
            _("“%(text)s” is not an e-mail address.") % {"text": text[:MAX_LENGTH]}
        )
    return address


def _normalise_phone(text: str, region: str) -> str:
    """National digits of the region's numbers, +… of all others, "" for a placeholder."""
    written = re.sub(r"^(?:tel|p):", "", text, flags=re.IGNORECASE)
    # Arabic and other digits are digits as well.
    written = "".join(str(unicodedata.digit(c, c)) for c in written)
    # Parentheses may hide the plus sign or the zeros of a country code: (+86) 138…
    written = re.sub(r"^\(\s*\+\s*", "+(", written)
    digits = BETWEEN_DIGITS.sub("", written)
    if digits.isdigit() and len(set(digits)) == 1:
        # People repeat one digit to fill a required field.
        return ""
    if PHONE_TEXT.fullmatch(written) and not FRACTION.fullmatch(written):
        number = re.sub(r"^00(?=[1-9])", "+", digits)
        if region == DEFAULT_REGION and (mobile := SPELT_MOBILE.fullmatch(number)):
            return mobile[1]
        if phone := _parse_phone(number, region):
            return phone
    raise InvalidIdentifier(
        _(
            "“%(text)s” is not a phone number. Enter all of its digits, and a + before"
            " the code of another country."
        )
        % {"text": text[:MAX_LENGTH]}
    )


def _parse_phone(number: str, region: str) -> str | None:
    """The number in its normal form; None if nobody can have it."""
    # Its tables take 30 MB, which commands without phones do not need.
    import phonenumbers

    country = phonenumbers.country_code_for_region(region)
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_valid_number(parsed):
        return _format_phone(parsed, country, region)
    if number.startswith("+") and parsed.country_code != country:
        possible = phonenumbers.is_possible_number(parsed)
        return f"+{parsed.country_code}{_significant(parsed)}" if possible else None
    digits = number.removeprefix(f"+{country}").removeprefix("+")
    # A mobile number with a slip, which would be one of North America with a plus sign.
    if region == DEFAULT_REGION and MISTYPED_MOBILE.fullmatch(number):
        return None
    # Such as 85291234567, which is complete but for its plus sign.
    if len(digits) >= 11 and not number.startswith("+"):
        try:
            abroad = phonenumbers.parse(f"+{digits}", None)
        except phonenumbers.NumberParseException:
            abroad = None
        if abroad and phonenumbers.is_valid_number(abroad):
            return _format_phone(abroad, country, region)
    if region == DEFAULT_REGION and MOBILE_OF_OTHER_LENGTH.fullmatch(digits):
        return None
    # The tables do not know every number, so the digits count as they are written.
    return digits if 5 <= len(digits) <= 12 and len(set(digits)) > 1 else None


def _significant(parsed: PhoneNumber) -> str:
    import phonenumbers

    return str(phonenumbers.national_significant_number(parsed))


def _format_phone(parsed: PhoneNumber, country: int, region: str) -> str:
    import phonenumbers

    international = f"+{parsed.country_code}{_significant(parsed)}"
    if parsed.country_code != country:
        return international
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    national = re.sub(r"\D", "", phonenumbers.format_number(parsed, style))
    # A few countries write national numbers in a way that cannot be read again.
    try:
        again = phonenumbers.parse(national, region)
    except phonenumbers.NumberParseException:
        return international
    return national if again == parsed else international
