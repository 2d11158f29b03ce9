"""How a name is typed by its sound: pinyin in full and by initials, from any syllable.

Pure. A name with a character of several readings sounds in each of them; the order of
`READINGS` is the surname's first.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata

SEPARATOR = "\x1f"
"""Stands before each way to type a name, so that a search can begin at a syllable."""
MAX_READINGS = 4
"""Readings kept of one name."""
MAX_SYLLABLES = 6
"""Syllables from which a search may begin."""
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
SEVERAL = re.compile(f"[{''.join(READINGS)}]")
CHINESE = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U0003ffff]")
TYPED = re.compile(r"[a-z0-9]+")


@functools.cache
def usual_readings() -> dict[str, str]:
    """Character → its usual reading without tone; ü is typed v."""
    from pypinyin.constants import PINYIN_DICT

    usual = {chr(code): _plain(said) for code, said in PINYIN_DICT.items()}
    return usual | {character: said[0] for character, said in READINGS.items()}


def _plain(said: str) -> str:
    first = unicodedata.normalize("NFD", said.split(",")[0])
    letters = first.replace("u\u0308", "v")
    return "".join(each for each in letters if "a" <= each <= "z")


def normalise(text: str) -> str:
    """A name or a search in one form: compatible, lower case, nothing invisible."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(
            c for c in text if c.isspace() or unicodedata.category(c)[0] != "C"
        )
    return " ".join("".join(c for c in text.lower() if c >= " ").split())


def parse_query(text: str) -> str:
    """A search as it is compared with sounds; empty if it is not one."""
    plain = re.sub(r"[\s'’-]", "", text.replace("ü", "v"))
    return plain if TYPED.fullmatch(plain) else ""


def spellings(name: str) -> str:
    """Every way to type a cleaned name, each behind a separator; "" if it has none."""
    if not CHINESE.search(name):
        return ""
    found = dict.fromkeys(
        SEPARATOR + way for said in _readings(name) for way in _from_each(said)
    )
    return "".join(found)


def _readings(name: str) -> list[list[str]]:
    usual = usual_readings()
    if not SEVERAL.search(name):
        return [_syllables([usual.get(c, c) for c in name])]
    choices = [READINGS.get(c) or (usual.get(c, c),) for c in name]
    several = itertools.islice(itertools.product(*choices), MAX_READINGS)
    return [_syllables(list(said)) for said in several]


def _syllables(said: list[str]) -> list[str]:
    return [each for each in said if TYPED.fullmatch(each)]


def _from_each(said: list[str]) -> list[str]:
    """The whole and its ends, written out; then the same by initials."""
    starts = range(min(len(said), MAX_SYLLABLES))
    initials = "".join(each[0] for each in said)
    return ["".join(said[start:]) for start in starts] + [
        initials[start:] for start in starts
    ]
