"""Names as everybody may read them: the first character and an asterisk, such as 王＊."""

from __future__ import annotations

import unicodedata

MASK = "＊"


def mask(name: str) -> str:
    """The first letter or character of a name, and an asterisk; one alone without any.

    Marks that turn the direction of writing, spaces and emoji are passed over.
    """
    first = next((sign for sign in name if unicodedata.category(sign)[0] in "LN"), "")
    return f"{first}{MASK}"
