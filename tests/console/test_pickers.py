"""Choices that the console's pickers find by pinyin."""

from __future__ import annotations

from django import forms


class Form(forms.Form):
    group = forms.ChoiceField(choices=[("1", "燕麦奶"), ("2", "Oat")])
    groups = forms.MultipleChoiceField(
        choices=[("1", "燕麦奶")], widget=forms.CheckboxSelectMultiple
    )


def test_options_and_checkboxes_say_how_they_are_typed() -> None:
    html = str(Form()["group"])
    assert '<option value="1" data-search="yanmainai ' in html
    assert "ymn" in html
    assert '<option value="2">Oat</option>' in html
    assert 'data-search="yanmainai ' in str(Form()["groups"])
