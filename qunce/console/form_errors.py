"""What is wrong with a form whose page has one place for errors."""

from __future__ import annotations

from django.forms import BaseForm

from qunce.core import errors, label_texts


def check_valid(form: BaseForm) -> None:
    """Raise Invalid with the label and the text of the first error of a form."""
    if not form.is_valid():
        name, messages = next(iter(form.errors.items()))
        raise errors.Invalid(label_texts.with_label(form[name].label, str(messages[0])))
