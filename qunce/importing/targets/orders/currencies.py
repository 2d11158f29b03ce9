"""The currency of each line, from its column and from the signs next to its amounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import errors, money
from qunce.importing.values import currency_signs


class InvalidCurrency(errors.Invalid):
    """The cells of a row name no currency, or two."""


def resolve(
    columns: Mapping[str, pa.Array], rows: int, preferred: Sequence[str]
) -> tuple[pa.Array, dict[int, str]]:
    """Return the currency of each row, null where no cell names one, and the remedies.

    A sign of several currencies, such as ¥, means the first of `preferred` among them.
    Without one it is refused: the plan asks what the signs of the first rows mean.
    """
    names = [
        name
        for name in columns
        if name == "currency" or name.endswith(currency_signs.SUFFIX)
    ]
    if not names:
        return pa.nulls(rows, pa.string()), {}
    # Rows with the same cells have the same currency, and few cells differ.
    joined = pc.binary_join_element_wise(
        *(pc.fill_null(columns[name].cast(pa.string()), "") for name in names), "\0"
    )
    encoded = pc.dictionary_encode(joined)
    codes: list[str | None] = []
    remedies: dict[int, str] = {}
    for index, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            codes.append(_agree(filter(None, text.split("\0")), preferred))
        except InvalidCurrency as error:
            codes.append(None)
            remedies[index] = str(error)
    broken = {
        row: remedies[code]
        for row, code in enumerate(encoded.indices.to_pylist() if remedies else ())
        if code in remedies
    }
    return pc.take(pa.array(codes, pa.string()), encoded.indices), broken


def describe_default(currency: str) -> str:
    """Return the note about amounts of which the file does not name the currency."""
    text = _("Amounts without a currency of their own are in %(currency)s.")
    return text % {"currency": currency}


def _agree(texts: Iterable[str], preferred: Sequence[str]) -> str | None:
    """Return the currency that all texts may mean."""
    common: list[str] = []
    texts = list(dict.fromkeys(texts))
    for text in texts:
        meanings = money.find_currencies(text)
        if not meanings:
            raise InvalidCurrency(
                _("“%(text)s” is not a currency; write it like CNY.") % {"text": text}
            )
        agreed = [code for code in common if code in meanings]
        if common and not agreed:
            raise InvalidCurrency(
                _("This row names two currencies: %(currencies)s. Keep the right one.")
                % {"currencies": ", ".join(texts)}
            )
        common = agreed or list(meanings)
    for code in preferred:
        if code in common:
            return code
    if len(common) > 1:
        raise InvalidCurrency(
            _(
                "“%(sign)s” may be %(currencies)s. Write the code next to the amount, or "
                "choose one with --answer sign:%(sign)s=%(code)s."
            )
            % {"sign": texts[0], "currencies": ", ".join(common), "code": common[0]}
        )
    return common[0] if common else None
