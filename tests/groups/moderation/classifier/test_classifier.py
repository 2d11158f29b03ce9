from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.findings import AdvisoryFinding, list_hard
from qunce.groups.moderation.classifier import features, model, samples, training
from qunce.groups.moderation.classifier.model import Model
from qunce.groups.moderation.classifier.samples import Sample, Samples
from qunce.groups.moderation.contents.normalisation import normalise
from tests.groups.moderation.subjects import compiled, subject

DATA = Path(__file__).parents[5] / "shared" / "data"
ADVERTS = [f"高价回收旧手机 {n} 加我详聊" for n in range(25)]
CHAT = [f"今天第{n}节课讲的什么内容呀" for n in range(30)]


def learn(adverts: Sequence[str], chat: Sequence[str]) -> Samples:
    learned = Samples()
    for n, text in enumerate(adverts):
        learned = learned.learn(f"advert:{n}", text, is_unwanted=True)
    for n, text in enumerate(chat):
        learned = learned.learn(f"chat:{n}", text, is_unwanted=False)
    return learned


@pytest.fixture(scope="module")
def trained() -> Model:
    return training.train(learn(ADVERTS, CHAT))


def test_message_like_unwanted_ones_has_a_high_score(trained: Model) -> None:
    assert trained.score(normalise("回收手机，高 价，加我")) > 0.5
    assert trained.score(normalise("明天的课讲什么呢")) < 0.5
    assert trained.quality.recall == 1
    assert trained.quality.unwanted == 25


def test_model_never_acts(trained: Model) -> None:
    check = compiled("classified")
    advert = subject("二手手机高价回收", model=trained)
    (finding,) = check.judge(advert).findings
    assert isinstance(finding, AdvisoryFinding)
    assert finding.to_json()["check"] == "classified"
    assert list_hard([finding]) == []
    assert AdvisoryFinding.may_act is False
    stored = base.load_finding(json.loads(json.dumps(finding.to_json())))
    assert isinstance(stored, AdvisoryFinding)
    assert [check.key for check in base.list_all() if check.is_advisory] == [
        "classified"
    ]


def test_score_is_explained_by_parts_of_the_text(trained: Model) -> None:
    text = "大家好，ＡＡ 高价回收"
    (finding,) = compiled("classified").judge(subject(text, model=trained)).findings
    parts = [each.matched for each in finding.evidence]
    assert parts and all(part in text for part in parts)
    assert any(part in "高价回收" for part in parts)
    assert base.list_sentences(finding)[-1].endswith(
        "occurs in messages that were found unwanted."
    )


def test_without_a_model_nothing_is_found(trained: Model) -> None:
    check = compiled("classified")
    assert not check.judge(subject(ADVERTS[0])).findings
    assert not check.judge(subject("", author_name="回收", model=trained)).findings


ORDER = st.permutations(range(10))


@settings(max_examples=10)
@given(ORDER, st.sets(st.integers(0, 9), max_size=4))
def test_unlearning_leaves_no_trace(order: list[int], forgotten: set[int]) -> None:
    learned = learn(ADVERTS, CHAT)
    changed = learned
    for n in order:
        changed = changed.learn(f"extra:{n}", f"别的广告{n}号", is_unwanted=n % 2 == 0)
        if n in forgotten:
            changed = changed.unlearn(f"extra:{n}")
    for n in order:
        changed = changed.unlearn(f"extra:{n}")
    before, after = training.train(learned), training.train(changed)
    assert json.dumps(before.to_json()) == json.dumps(after.to_json())
    assert changed.to_json() == learned.to_json()


def test_case_that_is_settled_again_replaces_what_was_learned() -> None:
    learned = learn(ADVERTS, CHAT).learn("advert:0", ADVERTS[0], is_unwanted=False)
    assert learned.count() == (31, 24)
    assert learned.learn("advert:0", ADVERTS[0], is_unwanted=True).count() == (30, 25)


def test_samples_and_model_survive_storage(trained: Model) -> None:
    learned = learn(ADVERTS, CHAT)
    loaded = samples.load(json.loads(json.dumps(learned.to_json())))
    again = training.train(loaded)
    restored = model.load(json.loads(json.dumps(trained.to_json())))
    for text in (*ADVERTS[:3], *CHAT[:3], "", "别的"):
        score = trained.score(normalise(text))
        assert again.score(normalise(text)) == score
        assert restored.score(normalise(text)) == score
    for damaged in ([1], [["a", True, "zz"]], "x"):
        with pytest.raises(samples.SamplesDamaged):
            samples.load(damaged)
    with pytest.raises(model.ModelDamaged):
        model.load({"grams": "?"})
    with pytest.raises(model.ModelDamaged):
        model.load(trained.to_json() | {"weights": ""})


def test_stored_samples_have_no_text() -> None:
    stored = json.dumps(learn(ADVERTS, CHAT).to_json(), ensure_ascii=False)
    assert "advert:3" in stored and "回收" not in stored


def test_too_few_cases_are_refused_with_their_numbers() -> None:
    with pytest.raises(training.TooFewSamples, match="there are 3 of unwanted"):
        training.train(learn(ADVERTS[:3], CHAT))


def test_oldest_samples_are_forgotten() -> None:
    found = np.zeros(1, np.uint32)
    full = {
        str(n): Sample(is_unwanted=False, features=found)
        for n in range(samples.MAX_SAMPLES)
    }
    learned = Samples(full).learn("new", "text", is_unwanted=True)
    assert len(learned.by_key) == samples.MAX_SAMPLES
    assert "0" not in learned.by_key and "new" in learned.by_key


@given(st.text(max_size=40))
def test_features_are_those_of_a_slow_scan(text: str) -> None:
    plain = "".join("0" if c in "123456789" else c for c in normalise(text).folded)
    marked = f"\x02{plain}\x03"
    grams = {
        marked[start:end]
        for start in range(len(marked))
        for end in range(start + 1, min(start + 3, len(marked)) + 1)
    }
    expected = sorted({features.hash_gram(gram) for gram in grams})
    assert features.extract(normalise(text)).tolist() == expected


@given(st.text(max_size=40))
def test_any_text_is_scored_and_explained(trained: Model, text: str) -> None:
    normalised = normalise(text)
    assert 0 <= trained.score(normalised) <= 1
    for part in trained.explain(normalised):
        assert 0 <= part.start < part.end <= len(text)


# Real messages, in stratified folds of which each is held out once; equal messages are in
# one fold. The threshold comes from folds inside the others.


def list_folds(
    rows: Sequence[tuple[str, bool]], count: int
) -> Iterator[tuple[Samples, list[Sample]]]:
    all_samples = [
        Sample(is_unwanted, features.extract(normalise(text)))
        for text, is_unwanted in rows
    ]
    equal: dict[tuple[bool, bytes], list[int]] = {}
    for number, sample in enumerate(all_samples):
        key = sample.is_unwanted, sample.features.tobytes()
        equal.setdefault(key, []).append(number)
    folds: list[list[int]] = [[] for _ in range(count)]
    for kind in (True, False):
        chosen = [numbers for key, numbers in equal.items() if key[0] == kind]
        random.Random(0).shuffle(chosen)  # noqa: S311
        for index, numbers in enumerate(chosen):
            folds[index % count] += numbers
    for fold in folds:
        held_out = set(fold)
        rest = {str(n): s for n, s in enumerate(all_samples) if n not in held_out}
        yield Samples(rest), [all_samples[n] for n in fold]


def measure(rows: Sequence[tuple[str, bool]], folds: int) -> tuple[float, float]:
    """F1 and the false-positive rate on messages that were held out."""
    found = missed = alarms = wanted = 0
    for learned, held_out in list_folds(rows, folds):
        trained = training.train(learned)
        for sample in held_out:
            is_over = trained.measure(sample.features) > trained.threshold
            if sample.is_unwanted:
                found, missed = found + is_over, missed + (not is_over)
            else:
                alarms, wanted = alarms + is_over, wanted + 1
    return 2 * found / (2 * found + missed + alarms), alarms / wanted


@given(st.text(max_size=40))
def test_hashes_are_those_of_the_n_grams_one_by_one(text: str) -> None:
    given_text = normalise(text)
    slow = {
        features.hash_gram(gram)
        for gram, _start, _end in features.list_grams(given_text)
    }
    assert features.list_hashes(given_text) == slow


@pytest.mark.skipif(not (DATA / "qq_ads").exists(), reason="needs ../shared/data")
def test_adverts_in_chinese_group_messages_are_found() -> None:
    lines = (DATA / "qq_ads" / "train.txt").read_text().split("\n")
    pairs = [line.rsplit("==", 1) for line in lines if line]
    rows = [(text, label == "1") for text, label in pairs if text.strip()]
    assert (len(rows), sum(label for _, label in rows)) == (1889, 240)
    f1, false_positives = measure(rows, folds=10)
    assert f1 >= 0.85
    assert false_positives <= 0.006


@pytest.mark.skipif(not (DATA / "tg_spam").exists(), reason="needs ../shared/data")
def test_spam_in_russian_group_messages_is_found() -> None:
    rows = [
        (line, kind == "spam")
        for kind in ("spam", "ham")
        for line in (DATA / "tg_spam" / f"{kind}-samples.txt").read_text().split("\n")
        if line
    ]
    f1, false_positives = measure(rows, folds=5)
    assert f1 >= 0.8
    assert false_positives <= 0.006
