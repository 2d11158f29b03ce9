from __future__ import annotations

import json

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.rules import presets, rule_checks
from tests.groups.moderation.subjects import find, subject


def test_presets_are_checks_that_rules_accept() -> None:
    for preset in presets.PRESETS:
        checks = json.loads(json.dumps(preset.list_checks()))
        assert rule_checks.parse(checks) == checks
        assert set(preset.conditions) <= {"newcomer_days"}
        assert presets.find(preset.key) is preset
    assert presets.find("other") is None


def test_preset_finds_what_it_says() -> None:
    texts = {"contacts": "加微信 lucky8888", "newcomers": "看 example.com"}
    for key, text in texts.items():
        preset = presets.find(key)
        assert preset is not None
        compiled = rule_checks.compile_checks(preset.list_checks())
        assert rule_checks.judge_stateless(compiled, subject(text))
        assert not rule_checks.judge_stateless(compiled, subject("大家晚上好"))


def test_every_check_explains_itself() -> None:
    for check in base.list_all():
        assert str(check.label) and str(check.description) and check.reasons
        options = check.parse_options({})
        assert check.parse_options(check.options_to_json(options)) == options
        assert len(check.list_phrases(options)) == len(check.options)
        assert all(line.strip() for line in check.list_phrases(options))


def test_evidence_of_hostile_texts_can_be_stored() -> None:
    (finding,) = find("keywords", "a\0\ud800d", keywords=["ad"])
    stored = json.dumps(finding.to_json(), ensure_ascii=False)
    assert "\\u0000" not in stored and stored.encode()
    assert finding.to_json()["evidence"][0]["matched"] == "a\ufffd\ufffdd"
