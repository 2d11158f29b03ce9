"""Contact details in texts: numbers, ids, links and invitations, also in disguise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from qunce.groups.moderation.contents.normalisation import NUMERALS, Level, Normalised


class ContactKind(StrEnum):
    QQ = "qq"
    WECHAT = "wechat"
    TELEGRAM = "telegram"
    PHONE = "phone"
    EMAIL = "email"
    LINK = "link"
    SHORT_LINK = "short_link"
    INVITE = "invite"


@dataclass(frozen=True)
class Contact:
    """`value` is the plain form: a number, an id, or a host with its path."""

    kind: ContactKind
    value: str
    start: int
    end: int

    @property
    def host(self) -> str:
        return self.value.partition("/")[0]


MAX_CONTACTS = 50
"""Contacts that are read of one text; a limit is exceeded long before."""

# A character class, not a list of words: any of the first with any of the second.
WECHAT_NAME = (
    r"(?:[微薇徽溦威维葳徵卫vw][信芯心伈訫囟星x]|v❤|[微薇]❤|wei\s?xin|we\s?chat"
    r"|绿泡泡|绿色软件)"
)
ADD = r"(?:[加伽珈咖茄十+]|jia|add)"
FILL = r"[\s:,.\-_=~>✈→号码是为同名是帐账我的群聊️]{0,6}"
ID = r"[a-z][a-z0-9_-]{5,19}(?![a-z0-9_-])"
NUMBER = r"[1-9oil](?:[\s._-]?[0-9oilzsb]){4,10}(?![0-9a-z])"
NO_COUNT = r"(?!\s?(?:[人块元个年月条份名位万千百次]|[kw]\b))"
WECHAT = re.compile(
    rf"(?:(?P<add>{ADD}\s?我?的?\s?)(?:{WECHAT_NAME}|(?P<short>[v微薇w]))"
    rf"|(?<![a-z0-9])(?P<name>{WECHAT_NAME})|[微薇]|(?<![a-z0-9])v(?=[号是:]))"
    rf"(?P<fill>{FILL})(?P<value>{ID}|{NUMBER})"
)
QQ = re.compile(
    rf"(?:(?<![a-z])(?:qq|q(?=[^0-9a-z]{{0,6}}[0-9]{{6}}))(?![a-z])|扣扣|[扣球]{{2}}|企鹅|群|{ADD}\s?[q扣])"
    rf"(?P<fill>{FILL})(?P<value>{NUMBER}){NO_COUNT}"
)
QQ_AFTER = re.compile(
    r"(?<![0-9a-z])(?P<value>[1-9][0-9oilzsb]{5,9})\s?"
    r"(?:[加进入]群|[加十+]我|[加十+]?(?:qq|扣扣)(?![a-z]))"
)
TELEGRAM = re.compile(
    r"(?:(?<![a-z])(?:tg|telegram)|纸?飞机|电报)(?:群|号)?\s?[:@]\s?@?"
    r"(?P<value>[a-z][a-z0-9_]{4,31})(?![a-z0-9_])"
)
DIGIT = r"[0-9oilzsb]"
PHONE = re.compile(
    rf"(?<![0-9a-z.])(?P<value>(?:\+?\s?86[\s-]?)?[1il][3-9sb]{DIGIT}"
    rf"[\s._*-]{{0,2}}{DIGIT}{{4}}[\s._*-]{{0,2}}{DIGIT}{{4}}"
    rf"|\+[1-9][0-9]{{0,2}}(?:[\s.-]?[0-9]{{2,4}}){{3,5}}"
    rf"|400[\s-]?[0-9]{{3}}[\s-]?[0-9]{{4}}|0[1-9][0-9]{{1,2}}-[1-9][0-9]{{6,7}}"
    rf")(?![0-9a-z]|\.[0-9])"
)
AT = r"\s?(?:@|\(at\)|\[at\]|艾特)\s?"
LISTED = (
    r"com|cn|net|org|top|xyz|vip|cc|club|shop|site|ltd|link|info|biz|store|online|live"
    r"|pro|fun|icu|ink|wang|ren|work|space|website|tech|group|cloud|app|dev|one|life"
    r"|love|host|press|mobi|asia|tel|chat|games?|bet|casino|click|win|loan|ru|de|uk|fr"
    r"|jp|kr|hk|tw|sg|io|gg|tv|ee|ly|gl|gd|ai|eu|ua|su"
)
"""Ends of names that are links without "http"; others may be files or ends of sentences."""
DISGUISED = r"com|cn|net|org|top|xyz|vip|cc|me"
DOT = r"\s?(?:(?<=\s)\.|[.。](?!\s)|\[\.\]|\(\.\)|\[dot\]|\(dot\)|\sdot\s|[点點])\s?"
LABEL = r"[a-z0-9][a-z0-9-]{0,62}"
PATH = r"(?:\s?/\s?[^\s一-鿿，。]{1,200})"
LINK = re.compile(
    rf"(?P<scheme>(?:ht|hx|xx|tt)[a-z]{{0,2}}ps?\s?:?\s?/{{1,2}}\s?|www\s?(?=[.。点]))?"
    rf"(?<![a-z0-9@._-])(?P<host>(?:[.。点]?{LABEL})(?:"
    rf"(?:\.{LABEL}){{0,4}}\.(?P<tld>[a-z]{{2,24}}|xn--[a-z0-9-]{{2,59}})"
    rf"|(?:{DOT}{LABEL}){{0,4}}{DOT}(?P<disguised>{DISGUISED})))(?![a-z0-9-])"
    rf"(?::[0-9]{{2,5}})?(?P<path>{PATH})?"
)
IP_LINK = re.compile(
    rf"(?:ht|hx)[a-z]{{0,2}}ps?://(?P<host>(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}})"
    rf"(?::[0-9]{{2,5}})?(?P<path>{PATH})?"
)
IS_LISTED = re.compile(LISTED)
EMAIL = re.compile(
    rf"(?<![a-z0-9._%+-])(?P<value>[a-z0-9._%+-]{{1,64}}{AT}{LABEL}"
    rf"(?:{DOT}{LABEL}){{0,3}}{DOT}[a-z]{{2,24}})(?![a-z0-9-])"
)
DOTS = re.compile(DOT)

SHORTENERS = frozenset(
    "t.cn url.cn w.url.cn bit.ly bitly.com tinyurl.com is.gd v.gd goo.gl t.co dwz.cn"
    " dwz.mk suo.im suo.nz suo.yt mrw.so ow.ly rebrand.ly cutt.ly urlz.fr rb.gy s.id"
    " sourl.cn u.nu 0x3.me clck.ru tiny.cc shorturl.at buff.ly adf.ly soo.gd lnkd.in"
    " 985.so c1n.cn ft12.com sina.lt t.hk t.ly".split()
)
INVITES = re.compile(
    r"(?:t|telegram)\.(?:me|dog)/|chat\.whatsapp\.com/|wa\.me/|weixin\.qq\.com/[gr]/"
    r"|u\.wechat\.com/|work\.weixin\.qq\.com/(?:gm|u|ca)/|discord\.gg/"
    r"|discord(?:app)?\.com/invite/|matrix\.to/|qm\.qq\.com/|jq\.qq\.com/"
    r"|qun\.qq\.com/|signal\.group/|line\.me/|lin\.ee/|kook\.(?:top|cn)/|kaihei\.co/"
)
AS_DIGITS = str.maketrans("oilzsb", "011258")
NOT_DIGITS = re.compile(r"[^0-9+]")
NUMERAL_SIGNS = frozenset(map(chr, NUMERALS))
# One of these stands in every contact of a kind; they are much faster to look for.
SIGNS_OF_LINK = re.compile(r"[.。点點]|dot")
SIGNS_OF_EMAIL = re.compile(r"@|\(at\)|\[at\]|艾特")
SIGNS_OF_WECHAT = re.compile(r"[微薇徽溦威维葳徵卫绿v]|w[\sexw信芯心伈訫囟星]|[加+]w")
SIGNS_OF_TELEGRAM = re.compile(r"tg|telegram|飞机|电报")
SIGNS_OF_QQ = re.compile(r"[q扣球群]|企鹅|[加十+]我")


def find(text: Normalised) -> list[Contact]:
    """The contacts in a text by their place, each place as one kind."""
    if not may_have(text):
        return []
    found: list[Contact] = []
    for contact in _find_all(text):
        if not any(c.start < contact.end and contact.start < c.end for c in found):
            found.append(contact)
        if len(found) >= MAX_CONTACTS:
            break
    return sorted(found, key=lambda contact: contact.start)


LATIN = re.compile(r"[a-z0-9]")


def may_have(text: Normalised) -> bool:
    """False if the text has neither a letter nor a digit that a contact consists of."""
    return LATIN.search(text.digits) is not None


def _find_all(text: Normalised) -> Iterator[Contact]:
    """Contacts by the strength of their signs; a later one may overlap an earlier one."""
    is_plain = text.digits == text.folded
    for level in (Level.DIGITS,) if is_plain else (Level.DIGITS, Level.FOLDED):
        for find_kind in (_emails, _links, _wechat, _telegram, _qq, _phones):
            yield from find_kind(text, level)


def _at(
    text: Normalised, level: Level, kind: ContactKind, value: str, span: tuple[int, int]
) -> Contact:
    return Contact(kind, value, *text.span(level, *span))


def _emails(text: Normalised, level: Level) -> Iterator[Contact]:
    given = text.get(level)
    if not SIGNS_OF_EMAIL.search(given):
        return
    for match in EMAIL.finditer(given):
        value = DOTS.sub(".", re.sub(AT, "@", match["value"]))
        yield _at(text, level, ContactKind.EMAIL, value, match.span("value"))


def _links(text: Normalised, level: Level) -> Iterator[Contact]:
    given = text.get(level)
    if not SIGNS_OF_LINK.search(given):
        return
    for match in (*IP_LINK.finditer(given), *LINK.finditer(given)):
        value = _read_link(match)
        if value:
            yield _at(text, level, _link_kind(value), value, match.span())


def _read_link(match: re.Match[str]) -> str:
    """The host and path, or "" if the match is a file name or the end of a sentence."""
    host = DOTS.sub(".", match["host"]).strip(".")
    path = re.sub(r"\s", "", match["path"] or "").rstrip(".,;:!?)]}'\"")
    fields = match.groupdict()
    if fields.get("scheme", "ip") or len(path) > 1:
        return host + path
    tld, disguised = fields["tld"], fields["disguised"]
    if tld:
        return host if IS_LISTED.fullmatch(tld) else ""
    is_hour = host.partition(".")[0].isdigit()  # "今晚8点vip专场"
    return "" if is_hour or disguised == "me" else host


def _link_kind(value: str) -> ContactKind:
    host = value.partition("/")[0].removeprefix("www.")
    if host in SHORTENERS:
        return ContactKind.SHORT_LINK
    if INVITES.match(value.removeprefix("www.")):
        return ContactKind.INVITE
    return ContactKind.LINK


def _wechat(text: Normalised, level: Level) -> Iterator[Contact]:
    given = text.get(level)
    if not SIGNS_OF_WECHAT.search(given):
        return
    for match in WECHAT.finditer(given):
        start, end = text.span(level, *match.span())
        if _is_wechat_id(match, end - start > match.end() - match.start()):
            value = match["value"]
            if not value[0].isalpha():
                value = _read_number(value)
            yield Contact(ContactKind.WECHAT, value, start, end)


def _is_wechat_id(match: re.Match[str], was_spaced: bool) -> bool:
    """Whether what follows the name of WeChat is an id and no word."""
    value, fill = match["value"], match["fill"]
    if not value[0].isalpha():
        return True
    lead = match["short"] or match["name"] or ""
    if lead.isascii() and lead and not fill and not was_spaced:
        return False  # "vxlan100" is a word.
    if any(char.isdigit() or char in "_-" for char in value):
        return True
    return bool(match["add"]) or "号" in fill


def _telegram(text: Normalised, level: Level) -> Iterator[Contact]:
    given = text.get(level)
    if SIGNS_OF_TELEGRAM.search(given):
        for match in TELEGRAM.finditer(given):
            yield _at(text, level, ContactKind.TELEGRAM, match["value"], match.span())


def _qq(text: Normalised, level: Level) -> Iterator[Contact]:
    given = text.get(level)
    if SIGNS_OF_QQ.search(given):
        for match in (*QQ.finditer(given), *QQ_AFTER.finditer(given)):
            if _is_number(text, level, match, 4):
                value = _read_number(match["value"])
                yield _at(text, level, ContactKind.QQ, value, match.span())


def _phones(text: Normalised, level: Level) -> Iterator[Contact]:
    for match in PHONE.finditer(text.get(level)):
        if _is_number(text, level, match, 5):
            value = _read_number(match["value"])
            yield _at(text, level, ContactKind.PHONE, value, match.span("value"))


def _read_number(value: str) -> str:
    """The digits of a number with separators and letters that look like digits."""
    return NOT_DIGITS.sub("", value.translate(AS_DIGITS))


def _is_number(
    text: Normalised, level: Level, match: re.Match[str], least: int
) -> bool:
    """Whether enough are digits, and no numeral is that of the next word ("138…一样")."""
    start, end = match.span("value")
    written = (text.compact if level is Level.DIGITS else text.folded)[start:end]
    numerals = [char for char in written if char in NUMERAL_SIGNS]
    if len(numerals) == 1 and written[-1] in NUMERAL_SIGNS:
        return False
    return sum(map(str.isdigit, match["value"])) >= least
