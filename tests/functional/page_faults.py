"""What is wrong with a page in the browser: layout, language, and leaking stylesheets.

`find` looks at the page as it is shown: nothing is cut, squeezed or covered, no control
is outside of the screen, every text is in the user's language, and the stylesheets of
other areas change nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from qunce.console import navigation

HERE = Path(__file__).parent
SCRIPT = (HERE / "page_faults.js").read_text()
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
ENGLISH = re.compile(r"[A-Za-z][A-Za-z'’]+")
TYPED = re.compile(r'(?:fill|type|save_segment)\(\s*f?"([^"]+)"|"([^"\n]*;[^"\n]*)"')
"""What a walk types, or has in the lines of a file."""
VARIABLE = re.compile(r"\{\w+(\|[^}]*)?\}|\b\w+/\w+\b|“lin”")
"""Variables of message texts, names of time zones, and what is searched for."""
REPEATED = re.compile(r"\A(..+?)\1+\Z")
"""Long names of the data are short ones several times over."""
KNOWN_IN_CHINESE = frozenset(
    "Qunce CSV XLSX Excel SVG API ID URL JSON NDJSON HTML HTTPS KOC KOL RFM Webhook CRM GB MB KB English CNY USD"
    " EUR HKD Enter Ctrl Esc Chrome Linux HeadlessChrome UTF GBK CN OAuth xlsx xls zip gz xz"
    " SOP VIP Alt RSS Atom xml Telegram Discord Matrix Element WhatsApp QQ WeCom UnionID OpenID webhook example com https http doctor PUBLIC drand quicknet SF".split()
)
"""Names that stay as they are in Chinese texts."""
KNOWN_IN_ENGLISH = frozenset(
    "简体中文 中文 加入时段 加入月份 加入渠道 购买过 小时 上午 下午 早上 晚上 中午 凌晨 夜里 清晨".split()
)
"""Names of languages, and groups of tags that the system created in the language of the
community.
"""


@dataclass(frozen=True)
class Seen:
    """The visible texts of a page, and what is wrong with its layout."""

    texts: list[tuple[str, bool, bool]]
    """Each text, whether it is in the main part, and whether it is marked as data."""
    faults: list[str]

    @property
    def in_main(self) -> list[str]:
        return [text for text, is_in_main, _is_data in self.texts if is_in_main]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.in_main).split())


def look(page: Page) -> Seen:
    found: dict[str, Any] = page.evaluate(SCRIPT, stylesheets())
    texts = [
        (text, is_in_main, is_data) for text, is_in_main, is_data in found["texts"]
    ]
    return Seen(texts, found["faults"])


@cache
def stylesheets() -> dict[str, str]:
    """Area → its stylesheet."""
    return {
        area: (navigation.STATIC / path).read_text()
        for area, path in navigation.STYLESHEETS.items()
    }


def find(page: Page, language: str) -> list[str]:
    seen = look(page)
    return seen.faults + list_foreign_texts(seen, language)


def list_foreign_texts(seen: Seen, language: str) -> list[str]:
    """Texts in the other language, apart from what is in the data of the community."""
    pattern = ENGLISH if language.startswith("zh") else CHINESE
    faults = []
    for text, _is_in_main, is_data in seen.texts:
        if is_data:
            continue
        words = [
            word
            for word in pattern.findall(VARIABLE.sub("", text))
            if not is_known(word)
        ]
        if words and not all(word in texts_of_walks() for word in words):
            faults.append(f"not translated: {' '.join(words)} in “{text[:60]}”")
    return sorted(set(faults))


@cache
def texts_of_walks() -> str:
    """What other walks in this process type into forms, such as names of segments."""
    sources = [path.read_text() for path in sorted(HERE.glob("test_*.py"))]
    found = TYPED.findall(" ".join(sources))
    return " ".join(typed or line for typed, line in found)


def is_known(word: str) -> bool:
    word = REPEATED.sub(r"\1", word)
    return word in KNOWN_IN_CHINESE or word in KNOWN_IN_ENGLISH or word in data_texts()


@cache
def data_texts() -> str:
    """Everything that the community's data is made of."""
    names = (
        "tea_shop.py",
        "shop_activities.py",
        "shop_feedback.py",
        "shop_findings.py",
        "shop_group_people.py",
        "shop_insight.py",
        "shop_outreach.py",
        "shop_points.py",
        "shop_prizes.py",
        "shop_segments.py",
        "shop_tag_rules.py",
        "imported_files.py",
    )
    source = " ".join((HERE / name).read_text() for name in names)
    from tests.functional import tea_shop

    people = [
        f"{surname}{given}"
        for surname in tea_shop.SURNAMES
        for given in tea_shop.GIVEN_NAMES
    ]
    # Its English words are modes and steps, which pages must translate.
    moderation = CHINESE.findall((HERE / "shop_moderation.py").read_text())
    return " ".join([source, *people, *moderation, "vx8866"])
