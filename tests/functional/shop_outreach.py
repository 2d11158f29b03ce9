"""The outreach of the tea shop: campaigns, tasks, a series, welcomes and care."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from tests.functional.tea_shop import TeaShop


def add_outreach(shop: TeaShop) -> None:
    for add in (
        add_campaigns,
        add_staff_tasks,
        add_series,
        add_group_template,
        add_welcomes_and_styles,
        add_care,
    ):
        add(shop)


def add_campaigns(shop: TeaShop) -> None:
    from qunce.outreach.campaigns import campaigns, launch

    fields: dict[str, Any] = {
        "text": "{name|朋友}，新到的肉桂可以来店里试饮，这周都在。",
        "rule": {"tag": {"any": ["VIP"]}},
        "staff": [shop.staff[login].pk for login in ("chen", "wang", "mei", "sue")],
        "due_at": shop.at + timedelta(hours=6),
    }
    draft = campaigns.create(**shop.in_shop(name="周末试饮"), **fields)
    running = campaigns.create(**shop.in_shop(name="肉桂到店"), **fields)
    launch.start(campaign=running, **shop.by_owner())
    shop.ids |= {"draft": draft.pk, "campaign": running.pk}
    for login, kind in (("chen", "task"), ("sue", "task_en")):
        shop.ids[kind] = _half_done(shop, shop.staff[login])


def add_staff_tasks(shop: TeaShop) -> None:
    """Add a Moments post with a like, which the owner has not finished."""
    from qunce.members.tags.models import Tag
    from qunce.outreach.tasks import outcomes, requests

    draft = requests.Draft(
        kind="moments",
        title="桂花季",
        text="今年的桂花到店了。",
        staff=[shop.owner.pk],
        tag=Tag.objects.get(community=shop.community, key="岩茶"),
    )
    asked = requests.create(draft=draft, **shop.by_owner())
    task = asked.tasks.select_related(
        "staff", "request__tag", "request__community"
    ).get()
    account = shop.accounts[2].pk
    outcomes.record(task=task, account=account, outcome="liked", **shop.by_owner())
    shop.ids |= {"asked": asked.pk, "errand": task.pk}


def add_group_template(shop: TeaShop) -> None:
    """Add a template that the first group follows and differs from."""
    from qunce.groups import groups
    from qunce.outreach.group_templates import applications, previews, templates

    template = templates.create(
        name="茶友群标准配置",
        content={"details": {"kind": "interest", "capacity": 500}},
        **shop.in_shop(),
    )
    group = groups.Group.objects.get(pk=shop.ids["group"])
    asked: dict[str, Any] = {"template": template, "groups": [group.pk]}
    shown = previews.compute(**asked, **shop.by_owner())
    done = applications.apply(**asked, digest=shown.digest, **shop.by_owner())
    group.refresh_from_db()
    groups.update(group=group, capacity=400, **shop.by_owner())
    shop.ids |= {"group_template": template.pk, "application": done.pk}


def add_series(shop: TeaShop) -> None:
    """Add a running series with two episodes that wait."""
    from qunce.outreach.series import episodes, series

    rhythm = {
        "days": {"weekdays": [0, 1, 2, 3, 4, 5, 6]},
        "slots": [{"time": "08:00", "label": "茶", "content_type": "fun"}],
    }
    column = series.create(
        name="晨间专栏",
        rhythm=rhythm,
        group_filter={},
        staff=shop.owner,
        **shop.in_shop(),
    )
    for text in ("早上好，{group}。", "今天喝哪一泡？"):
        episode = episodes.add(series=column, text=text, **shop.by_owner())
    series.start(series=column, **shop.by_owner())
    shop.ids |= {"series": column.pk, "episode": episode.pk}


def add_welcomes_and_styles(shop: TeaShop) -> None:
    from qunce.outreach.service_styles import styles
    from qunce.outreach.welcomes import welcomes

    welcome = welcomes.create(
        **shop.in_shop(
            name="欢迎新朋友",
            text="{name|朋友}，欢迎来喝茶。",
            is_for_others=True,
            staff=shop.owner,
        )
    )
    through_app = welcomes.create(
        **shop.in_shop(
            name="小程序新人",
            text="{name|朋友}，第一泡我们请。到店报名字就好。",
            sources=["小程序"],
            staff=shop.owner,
        )
    )
    welcomes.switch_on(welcome=through_app, **shop.by_owner())
    style = styles.create(**shop.in_shop(name="精心照顾", answer_minutes=30))
    shop.ids |= {"welcome": welcome.pk, "style": style.pk}


def add_care(shop: TeaShop) -> None:
    """Add a rule that is on, for some members in the next days."""
    from qunce.outreach.care import budgets, rules

    budgets.set_amount(**shop.in_shop(amount=50_000))
    rule = rules.create(
        **shop.in_shop(
            name="入会一百天",
            occasion={"on": "joined", "unit": "days", "numbers": [100]},
            text="{name|朋友}，认识一百天了，谢谢您常来。",
            staff=shop.owner,
        )
    )
    rules.start(rule=rule, **shop.by_owner())
    shop.ids["care_rule"] = rule.pk


def _half_done(shop: TeaShop, staff: Staff) -> int:
    from qunce.outreach.sending import assisted_sending, campaign_tasks

    task = campaign_tasks.list_open(staff, shop.at)[0]
    rows = assisted_sending.open_next(task=task, by=staff, at=shop.at)
    for row in rows[:2]:
        assisted_sending.mark_sent(
            task=task, target=row.target_id, by=staff, at=shop.at
        )
    return task.pk
