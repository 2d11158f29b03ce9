"""Who bought, and whose phone or name an order has beside it."""

from __future__ import annotations

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.accounts.models import Account
from qunce.sales.models import Order
from tests import factories
from tests.importing.order_files.order_texts import HEAD, Files, spent


def test_other_member_moves_the_facts(shop: Community, files: Files) -> None:
    files.run(f"{HEAD}\n1,M1,2024-03-05,5\n2,M1,2024-03-05,6\n")
    assert files.counts(f"{HEAD}\n1,M2,2024-03-07,5\n")["amended"] == 1
    m1, m2 = factories.account_ids(shop, ("M1", "M2"))
    paid = factories.recorded_facts(shop, "order.paid")
    assert [(account, payload["order"]) for account, payload in paid] == [
        (m1, "2"),
        (m2, "1"),
    ]
    assert facts.Fact.objects.filter(account_id=m2).count() == 2  # joined and paid
    assert spent(shop) == 1_100
    # A file without the member leaves the order to its member.
    files.run(f"{HEAD}\n1,,2024-03-07,5\n")
    assert Order.objects.get(key="1").account_id == m2


def test_receivers_phone_is_not_the_buyers(shop: Community, files: Files) -> None:
    text = (
        "订单号,会员号,收货人手机号,付款时间,实付金额\n1,M1,13800138001,2024-03-05,5\n"
    )
    files.run(text)
    assert factories.matching_keys(shop, {"all": []}) == ["M1"]
    assert "收货人手机号" in (Order.objects.get().details or "")


def test_other_account_of_the_member_is_no_correction(
    shop: Community, files: Files
) -> None:
    files.run(f"{HEAD}\n1,M1,2024-03-05,5\n2,M2,2024-03-05,5\n")
    (m1,) = factories.account_ids(shop, ("M1",))
    factories.merge(shop, "M1", "M2")
    assert files.counts(f"{HEAD}\n1,M2,2024-03-05,5\n")["known"] == 1
    assert Order.objects.get(key="1").account_id == m1


def member_names() -> dict[str, str]:
    return dict(Account.objects.values_list("key", "name"))


RECEIVERS = (
    "order_id,customer_id,收货人姓名,order_date,total\n"
    "1,M1,小红,2024-03-05,5\n2,M1,小明,2024-03-06,5\n3,M2,,2024-03-05,5\n"
    "4,M2,阿强,2024-03-07,5\n5,M3,小丽,2024-03-05,5\n"
)


def test_name_of_a_receiver_names_no_member(shop: Community, files: Files) -> None:
    files.run(RECEIVERS)
    assert member_names() == {"M1": "", "M2": "", "M3": ""}
    assert "小红" in (Order.objects.get(key="1").details or "")


def test_mapped_name_is_that_of_new_members_alone(
    shop: Community, files: Files
) -> None:
    factories.member(shop, "M3", name="丽丽")
    factories.member(shop, "M4")
    text = f"{RECEIVERS}6,M4,大刘,2024-03-05,5\n7,,路人,2024-03-05,5\n"
    files.run(text, mapping={"收货人姓名": "member_name"})
    assert member_names() == {"M1": "小红", "M2": "阿强", "M3": "丽丽", "M4": ""}
    assert Order.objects.get(key="1").details is None
    # A later file is about members who are known.
    files.run(RECEIVERS.replace("小红", "别人"), mapping={"收货人姓名": "member_name"})
    assert member_names()["M1"] == "小红"
