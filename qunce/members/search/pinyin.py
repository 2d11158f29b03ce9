"""Ways to type a Chinese name: pinyin in full or by initials, from any syllable on.

A name with a character that has several readings can be typed with each of them.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata

SEPARATOR = "\x1f"
"""Precedes each spelling, so that a search matches from the start of a syllable only."""
MAX_READINGS = 4
"""Readings of one name that are indexed."""
MAX_SYLLABLES = 6
"""Syllables from which a search may start."""
READINGS = {
    "万": ("wan", "mo"), "乐": ("yue", "le"), "仇": ("qiu", "chou"),
    "区": ("ou", "qu"), "单": ("shan", "dan"), "参": ("shen", "can"),
    "召": ("shao", "zhao"), "员": ("yun", "yuan"), "哈": ("ha",),
    "大": ("da", "dai"), "宁": ("ning",), "宓": ("fu", "mi"), "尉": ("wei", "yu"),
    "尹": ("yin",), "度": ("du", "duo"), "强": ("qiang", "jiang"),
    "晟": ("sheng", "cheng"), "曾": ("zeng", "ceng"), "朝": ("chao", "zhao"),
    "朴": ("piao", "pu"), "查": ("zha", "cha"), "柏": ("bai", "bo"),
    "盖": ("ge", "gai"), "盛": ("sheng", "cheng"), "石": ("shi", "dan"),
    "祭": ("zhai", "ji"), "种": ("chong", "zhong"), "秘": ("bi", "mi"),
    "繁": ("po", "fan"), "缪": ("miao", "mou"), "翟": ("zhai", "di"),
    "茜": ("qian", "xi"), "行": ("xing", "hang"), "覃": ("qin", "tan"),
    "解": ("xie", "jie"), "贾": ("jia", "gu"), "车": ("che", "ju"),
    "还": ("huan", "hai"), "都": ("du", "dou"), "重": ("chong", "zhong"),
    "长": ("zhang", "chang"), "隗": ("wei", "kui"), "黑": ("he", "hei"),
    "俟": ("qi", "si"), "伽": ("jia", "ga"), "角": ("jue", "jiao"),
    "调": ("diao", "tiao"), "传": ("chuan", "zhuan"), "藏": ("zang", "cang"),
    "便": ("bian", "pian"), "折": ("she", "zhe"), "呗": ("bei", "bai"),
}  # fmt: skip
"""Character → its readings, the one of the surname first."""
AMBIGUOUS = re.compile(f"[{''.join(READINGS)}]")
CHINESE = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U0003ffff]")
TYPED = re.compile(r"[a-z0-9]+")


@functools.cache
def usual_readings() -> dict[str, str]:
    """Character → its most common reading without tone; ü is written v."""
    from pypinyin.constants import PINYIN_DICT

    usual = {}
    for code, readings in PINYIN_DICT.items():
        # Decomposed, the tone marks are characters of their own and can be dropped.
        decomposed = unicodedata.normalize("NFD", readings.split(",")[0])
        letters = decomposed.replace("u\u0308", "v")
        usual[chr(code)] = "".join(c for c in letters if "a" <= c <= "z")
    return usual | {character: readings[0] for character, readings in READINGS.items()}


def normalise(text: str) -> str:
    """A name or query in NFKC and lower case, with single spaces, without control
    characters."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())  # most keys, several times faster
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(
            c for c in text if c.isspace() or unicodedata.category(c)[0] != "C"
        )
    return " ".join("".join(c for c in text.lower() if c >= " ").split())


def parse_query(text: str) -> str:
    """A normalised query in the form of the spellings; "" if it is not pinyin."""
    plain = re.sub(r"[\s'’-]", "", text.replace("ü", "v"))
    return plain if TYPED.fullmatch(plain) else ""


def spellings(name: str) -> str:
    """Every way to type a normalised name, each after a SEPARATOR; "" if not Chinese."""
    if not CHINESE.search(name):
        return ""
    ways: dict[str, None] = {}
    usual = usual_readings()
    if not AMBIGUOUS.search(name):
        readings = [tuple(usual.get(c, c) for c in name)]
    else:
        choices = [READINGS.get(c) or (usual.get(c, c),) for c in name]
        readings = list(itertools.islice(itertools.product(*choices), MAX_READINGS))
    for reading in readings:
        syllables = [part for part in reading if TYPED.fullmatch(part)]
        starts = range(min(len(syllables), MAX_SYLLABLES))
        initials = "".join(syllable[0] for syllable in syllables)
        ways |= {SEPARATOR + "".join(syllables[start:]): None for start in starts}
        ways |= {SEPARATOR + initials[start:]: None for start in starts}
    return "".join(ways)
