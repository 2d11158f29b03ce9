"""Posts and reviews with small pictures: some featured, one rewarded, some that wait."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from PIL import Image, ImageDraw

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base, post
from qunce.activities.posts import decisions, pictures, posts, rewards
from qunce.activities.posts.models import Post, PostState
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.members.accounts.models import Account

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ACCEPTED, FEATURED = 5, 3
COLOURS = ("#7a4b2a", "#a9743f", "#3d5a45", "#c9a26b", "#54382a")


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    hashtag: str
    posts: tuple[tuple[str, str, int], ...]
    """Text, product and rating, 0 for none."""


TEXTS = {
    "zh": Texts(
        "晒出你的这一杯",
        "拍下今天的咖啡，说说味道。好的帖子会成为精华，大家都能搜到。",
        "分享给群里的朋友，先进群再来。",
        "我的这一杯",
        (
            ("耶加雪菲用 92 度冲，柑橘味很明显，凉了更甜。", "耶加雪菲 250 克", 5),
            ("出差也能喝，挂耳包省心，水别太满。", "挂耳咖啡 10 包", 4),
            ("磨细了会苦，调粗一格刚刚好。", "意式拼配", 4),
            ("冷萃放冰箱 12 小时，早上倒出来就走。", "", 0),
            ("这次烘得略深，我更喜欢上一批。", "曼特宁 250 克", 3),
            ("新买的手冲壶，水流稳多了。", "", 0),
            ("加燕麦奶很搭，周末常做。", "意式拼配", 5),
        ),
    ),
    "en": Texts(
        "Show your cup",
        "Take a picture of your coffee and write how it tastes. The best are featured.",
        "This is for friends in our groups. Join a group first.",
        "mycup",
        (
            ("At 92 degrees it is full of citrus, and sweeter when cold.", "Yirga", 5),
            ("Good on the road. Do not pour too much water.", "Drip bags", 4),
            ("Bitter when ground fine; one step coarser is right.", "House blend", 4),
            ("Cold brew, 12 hours in the fridge, ready in the morning.", "", 0),
            ("A bit darker this time. I preferred the last one.", "Mandheling", 3),
            ("My new kettle pours much more evenly.", "", 0),
            ("Lovely with oat milk.", "House blend", 5),
        ),
    ),
}


def create(context: Context) -> None:
    """Create the activity with its posts, unless there is one."""
    kind = post.POST.key
    if Activity.objects.filter(community=context.community, kind=kind).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        activity = _open(context, texts)
        authors = _people(context, len(texts.posts))
        for number, account in enumerate(authors):
            at = context.at - 3 * DAY + number * 3 * HOUR
            _write(activity, account, texts.posts[number], number, at)
        _decide(activity, context)


def _open(context: Context, texts: Texts) -> Activity:
    manager, at = context.staff["manager"], context.at - 4 * DAY
    activity = activities.create(
        community=context.community,
        kind=post.POST.key,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        starts_at=at,
        ends_at=context.at + 10 * DAY,
        settings={
            "asks_review": True,
            "hashtag": texts.hashtag,
            "points": 50,
            "most_rewards": 10,
        },
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _write(
    activity: Activity,
    account: int,
    words: tuple[str, str, int],
    number: int,
    at: datetime,
) -> None:
    text, product, rating = words
    uses = ("feature", "material", "name")[: 1 + number % 3]
    form = posts.Form(
        product=product,
        rating=rating or None,
        uses=uses,
        pictures=pictures.encode_all([draw(number)]),
    )
    key = f"demo:{number}"
    draft = posts.save_draft(
        activity=activity, account_id=account, key=key, form=form, at=at
    )
    base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=text,
        key=key,
        at=at,
    )
    posts.discard(draft)


def draw(number: int) -> bytes:
    """A cup of coffee from above, on a table of another colour each time."""
    image = Image.new("RGB", (480, 360), COLOURS[number % len(COLOURS)])
    pen = ImageDraw.Draw(image)
    x, y = 200 + 20 * (number % 4), 170 + 10 * (number % 3)
    pen.ellipse((x - 140, y - 140, x + 140, y + 140), fill="#f5f0e8")
    pen.ellipse((x - 100, y - 100, x + 100, y + 100), fill="#e2d8c8")
    pen.ellipse((x - 90, y - 90, x + 90, y + 90), fill="#4a2c17")
    pen.arc((x - 55, y - 50, x + 55, y + 60), 200, 340, fill="#d9b380", width=10)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _decide(activity: Activity, context: Context) -> None:
    """Accept some, feature those whose authors consent, and reward the first one."""
    by, at = context.staff["manager"], context.at - DAY
    rows = Post.objects.filter(activity=activity, state=PostState.WAITING)
    waiting = list(rows.select_related("activity__community").order_by("pk"))
    for number, row in enumerate(waiting[:ACCEPTED]):
        accepted = decisions.accept(post=row, by=by, at=at)
        if number < FEATURED:
            decisions.feature(post=accepted, by=by, at=at)
        if number == 0:
            rewards.reward(post=accepted, by=by, at=at)


def _people(context: Context, count: int) -> list[int]:
    rows = Account.objects.filter(community=context.community, present=True)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[20:80])
    working = working_people.find(ids)
    return [pk for pk in ids if pk not in working][:count]
