"""Messages judged by all default checks with 10,000 keywords, on one core.

Messages are made of common words; one in fifty is an advert, has a keyword or a contact,
or is written in disguise. Keywords alone are compared with a loop over `in` and with one
regular expression of all words, on the same folded texts.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import numpy as np

from bench import measure, sessions
from bench.measure import PER_SECOND, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import CompiledCheck, Scope
from qunce.groups.moderation.checks.keywords import Machine
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.classifier import training
from qunce.groups.moderation.classifier.samples import Samples
from qunce.groups.moderation.contents.normalisation import normalise

GOAL_PER_SECOND, GOAL_P99_MS = 10_000.0, 2.0
KEYWORDS, LONG_LIST = 10_000, 67_000
MESSAGES, GROUPS, PEOPLE = 20_000, 40, 3_000
RIVAL_MESSAGES = 200
"""Messages of which the slow rivals are asked."""
WORDS = (
    "今天 明天 晚上 周末 大家 有人 群里 老师 宝宝 孩子 快递 到了 收到 谢谢 请问 怎么 为什么 "
    "可以 没有 已经 还是 一起 报名 活动 签到 抽奖 优惠券 多少钱 好看 好吃 不错 喜欢 推荐 哈哈哈 "
    "在吗 几点 哪里 天气 下雨 上班 下班 吃饭 睡觉 早安 晚安 嗯嗯 好的 ok hello 2024 100 块 ！ ， "
    "。 ？ 😀 👍 第3期 8点 A款 XL码"
).split()
UNWANTED = (
    "加微信 abc{n} 领取资料",
    "高 价 回 收 旧手机 13{n:09d}",
    "兼职日结 看 www.job{n}.top",
    "ｖ❤：lucky{n} 带你上岸",
    "进群 QQ {n}88888",
)


def moderation(session: Session) -> None:
    draw = random.Random(12)  # noqa: S311
    keywords = make_keywords(draw, KEYWORDS)
    judged = measure_messages(session, keywords, draw)
    session.record(judged)
    session.record(measure_keywords(keywords, list(write_texts(draw, 4_000))))


def make_keywords(draw: random.Random, count: int) -> list[str]:
    """Words of two to six ideographs, of which some occur in no message."""
    found: dict[str, None] = {"高价回收": None, "日结": None}
    while len(found) < count:
        length = draw.randint(2, 6)
        word = "".join(chr(draw.randint(0x4E00, 0x7FFF)) for _ in range(length))
        found[word] = None
    return list(found)


def write_texts(draw: random.Random, count: int) -> Iterable[str]:
    for number in range(count):
        if number % 50 == 0:
            yield draw.choice(UNWANTED).format(n=draw.randint(1_000, 9_999))
        else:
            length = min(1 + int(draw.expovariate(1 / 5)), 40)
            yield "".join(draw.choices(WORDS, k=length))


def write_messages(draw: random.Random, count: int) -> list[Subject]:
    return [
        Subject(
            key=f"m{number}",
            group=str(draw.randrange(GROUPS)),
            account=str(int(draw.paretovariate(0.7)) % PEOPLE),
            happened_at=AT + timedelta(seconds=number / 10),
            text=text,
            author_name=draw.choice(("小雨", "王姐-2栋", "Anna", "果果妈妈")),
        )
        for number, text in enumerate(write_texts(draw, count))
    ]


def train(draw: random.Random) -> Any:
    learned = Samples()
    for number, text in enumerate(write_texts(draw, 1_500)):
        is_unwanted = number % 50 == 0
        learned = learned.learn(str(number), text, is_unwanted=is_unwanted)
    return training.train(learned)


def measure_messages(session: Session, keywords: list[str], draw: random.Random) -> Row:
    """All checks that forms offer, each with its default options."""
    own = {"keywords": {"keywords": keywords}, "patterns": {"patterns": ["日.{0,2}结"]}}
    before = measure.memory()["VmRSS"]
    checks = {
        check.key: check.compile(check.parse_options(own.get(check.key, {})))
        for check in base.list_all()
    }
    model = train(draw)
    size = session.workspace.size.name
    messages = write_messages(draw, 1_000 if size == "tiny" else MESSAGES)
    states: dict[tuple[str, ...], Any] = {}
    each, found = [], 0
    used = time.process_time()
    with measure.profiled(session.profile("moderation")):
        for message in messages:
            start = time.perf_counter()
            # As judging does: the model is known only then.
            subject = Subject(**{**vars(message), "model": model})
            for key, check in checks.items():
                found += judge(key, check, subject, states)
            each.append((time.perf_counter() - start) * 1000)
    cpu = time.process_time() - used
    p99 = float(np.percentile(each, 99))
    per_second = len(messages) / (sum(each) / 1000)
    note = (
        f"{found:,} findings; {len(checks)} checks; p99 {p99:.2g} ms (goal {GOAL_P99_MS:g}); "
        f"CPU {len(messages) / cpu:,.0f}/s; all states and checks "
        f"{(measure.memory()['VmRSS'] - before) / 1024**2:.0f} MB"
    )
    return Row(
        "moderation",
        f"Group messages judged by all checks with {KEYWORDS:,} keywords",
        PER_SECOND,
        per_second,
        len(messages),
        goal=GOAL_PER_SECOND,
        note=note,
    )


def judge(
    key: str, check: CompiledCheck, subject: Subject, states: dict[tuple[str, ...], Any]
) -> int:
    if check.scope is Scope.NONE:
        return len(check.judge(subject).findings)
    person = subject.account if check.scope is Scope.PERSON else ""
    place = key, subject.group, person
    judgement = check.judge(subject, states.get(place))
    if judgement.state is not None:
        states[place] = judgement.state
    return len(judgement.findings)


def measure_keywords(keywords: list[str], texts: list[str]) -> Row:
    """Which texts have a keyword; milliseconds for a thousand texts."""
    folded = [normalise(text) for text in texts]
    for text in folded:
        _ = text.digits
    machine = Machine(keywords, whole_words=True)
    every = re.compile("|".join(map(re.escape, keywords)))
    few = folded[:RIVAL_MESSAGES]

    def count(has: Callable[[Any], object], chosen: list[Any]) -> int:
        return sum(bool(has(text)) for text in chosen)

    def ours(text: Any) -> object:
        return next(machine.find(text), None)

    def loop(text: Any) -> object:
        return any(word in text.digits for word in keywords)

    def expression(text: Any) -> object:
        return every.search(text.digits)

    sessions.check_equal(
        "texts with keywords",
        ours=count(ours, few),
        loop=count(loop, few),
        expression=count(expression, few),
    )
    times = measure.repeat(lambda: count(ours, folded), 10, warm=1)
    slow = {
        "loop over in": measure.repeat(lambda: count(loop, few), 1),
        "one regular expression": measure.repeat(lambda: count(expression, few), 1),
    }
    scale = 1000 / len(folded)
    for values in (times.each, times.cpu):
        values[:] = [value * scale for value in values]
    rivals = {name: done.each[0] * 1000 / len(few) for name, done in slow.items()}
    note = f"{measure.describe_cpu(times)}; {measure_memory()}"
    question = f"{KEYWORDS:,} keywords looked for in 1,000 messages"
    return measure.row(
        "moderation-keywords", question, times, rivals=rivals, ratio_goal=10, note=note
    )


def measure_memory() -> str:
    """Memory and time of the machine of a long list, in this process."""
    words = make_keywords(random.Random(67), LONG_LIST)  # noqa: S311
    before, start = measure.memory()["RssAnon"], time.process_time()
    machine = Machine(words, whole_words=True)
    used, seconds = measure.memory()["RssAnon"] - before, time.process_time() - start
    assert next(machine.find(normalise(words[-1])), None)
    return (
        f"the machine of {LONG_LIST:,} keywords takes {used / 1024**2:.0f} MB "
        f"and {seconds:.1f} s CPU to make"
    )
