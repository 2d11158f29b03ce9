"""K12: exports of well-known programs are recognised and imported without a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.importing import format_registry
from tests import factories
from tests.cli.runner import Run, in_this_process

NOW = "2026-06-01T12:00:00Z"
FILES = {
    "shopify_orders": (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Accepts Marketing,"
        "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Phone,"
        "Cancelled at,Refunded Amount,Id,Tags,Phone\n"
        "#1001,Ann@Example.com,paid,2026-03-05 10:05:00 +0800,fulfilled,yes,USD,160.00,"
        "10.00,0.00,170.00,TEA,20.00,2026-03-05 10:00:00 +0800,1,Oolong 100g,120.00,"
        "OO-1,,,0.00,5501,,\n"
        "#1001,Ann@Example.com,,,,,,,,,,,,2026-03-05 10:00:00 +0800,2,Cup,30.00,CU-2,,,,,,\n"
        "#1002,bob@example.com,partially_refunded,2026-03-06 10:05:00 +0800,fulfilled,no,"
        "USD,60.00,0.00,0.00,60.00,,0.00,2026-03-06 10:00:00 +0800,1,White tea,60.00,"
        "WT-1,,,15.00,5502,,\n"
        "#1003,eve@example.com,voided,,unfulfilled,no,USD,40.00,0.00,0.00,40.00,,0.00,"
        "2026-03-07 10:00:00 +0800,1,Cup,40.00,CU-2,,,0.00,5503,,\n"
    ),
    "woocommerce_orders": (
        "order_id,order_number,order_date,paid_date,status,shipping_total,discount_total,"
        "order_total,refunded_total,order_currency,payment_method,customer_id,"
        "billing_first_name,billing_email,billing_phone,item_name,item_sku,item_quantity,"
        "item_total\n"
        "71,1071,2026-03-05 09:00:00,2026-03-05 09:01:00,completed,5.00,0.00,45.00,0.00,"
        "EUR,stripe,4,Ann,ann@example.com,+4915112345678,Mug,MU-1,2,40.00\n"
        "72,1072,2026-03-06 09:00:00,,cancelled,5.00,0.00,25.00,0.00,EUR,stripe,5,Bob,"
        "bob@example.com,,Bowl,BO-1,1,20.00\n"
        "73,1073,2026-03-07 09:00:00,2026-03-07 09:02:00,refunded,0.00,0.00,30.00,30.00,"
        "EUR,paypal,6,Eve,eve@example.com,,Tray,TR-1,1,30.00\n"
    ),
    "youzan_orders": (
        "订单号,订单类型,订单状态,买家姓名,买家手机号,订单创建时间,买家付款时间,商品金额合计,运费,"
        "店铺优惠合计,应收订单金额,订单实付金额,已退款金额,全部商品名称,商品件数,归属店铺\n"
        "E2026030501,普通订单,交易完成,小红,13800138001,2026-03-05 09:00:00,"
        "2026-03-05 09:01:00,128.00,0.00,10.00,118.00,118.00,0.00,深烘咖啡豆,2,总店\n"
        "E2026030502,普通订单,交易关闭,小明,13800138002,2026-03-05 10:00:00,,59.00,0.00,"
        "0.00,59.00,0.00,0.00,浅烘咖啡豆,1,总店\n"
    ),
    "weidian_orders": (
        "订单编号,订单状态,下单时间,付款时间,订单总价,商品总价,运费,优惠金额,退款金额,收件人姓名,"
        "收件人手机,商品名称,商品编码,商品数量,商品单价\n"
        "811001,交易完成,2026-03-05 09:00:00,2026-03-05 09:01:00,66.00,60.00,6.00,0.00,"
        "0.00,小红,13800138001,手工皂,SO-1,2,30.00\n"
    ),
    "taobao_orders": (
        "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,总金额,买家实际支付金额,"
        "订单状态,收货人姓名,收货地址 ,联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,"
        "宝贝总数量,店铺名称,退款金额\n"
        '"=""812345678901234567""",tea_lover,ann@example.com,100.00,8.00,108.00,108.00,'
        "交易成功,小红,浙江省杭州市,'13800138001,2026-03-05 09:00:00,2026-03-05 09:01:00,"
        "乌龙茶,1,1,茶铺,0\n"
        '"=""812345678901234568""",cup_fan,,50.00,0.00,50.00,0.00,交易关闭,小明,浙江省,'
        "'13800138002,2026-03-05 10:00:00,,茶杯,1,1,茶铺,0\n"
    ),
    "jd_orders": (
        "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,"
        "应付金额,订单状态,订单类型,下单帐号,客户姓名,客户地址,联系电话,运费金额,付款确认时间,货号\n"
        "290000001,10001,红茶,2,在线支付,2026-03-05 09:00:00,40.00,80.00,80.00,0.00,80.00,"
        "完成,SOP,jd_ann,小红,北京市,13800138001,0.00,2026-03-05 09:01:00,H-1\n"
        "290000002,10002,绿茶,1,在线支付,2026-03-05 10:00:00,35.00,35.00,35.00,0.00,35.00,"
        "已取消,SOP,jd_bob,小明,北京市,13800138002,0.00,,L-1\n"
    ),
    "wecom_customers": (
        "客户名称,描述,备注,添加人,添加人账号,添加人所属部门,添加时间,来源,手机,企业,邮箱,地址,"
        "职务,电话,标签组1(等级),标签组2(来源)\n"
        "小林,老客,林姐,小王,wang,销售部,2026-03-05 15:05:33,扫描二维码,13800138001,,,,,,"
        "金牌,展会\n"
    ),
    "weiban_customers": (
        "客户昵称,客户备注,客户描述,性别,所属员工,客户标签,添加时间,添加渠道,手机号\n"
        "小林,林姐,爱喝茶,女,小王,老客;高复购,2026-03-05 15:05:33,活码,13800138001\n"
    ),
    "mailchimp_audience": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,"
        "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,"
        "UNSUB_TIME,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
        "Ann@Example.com,Ann,Lee,4,2025-03-05 09:00:00,,2025-03-05 09:01:00,192.0.2.1,"
        ',,,,Europe/Berlin,DE,be,,2026-01-02 10:00:00,81,a1,,"""VIP"",""tea"""\n'
        "bob@example.com,Bob,Ray,2,2025-03-06 09:00:00,,2025-03-06 09:01:00,192.0.2.1,"
        ",,,,Europe/Berlin,DE,be,2026-01-05 11:00:00,2026-01-05 11:00:00,82,a2,,\n"
    ),
}
ORDERS = {
    "shopify_orders": [
        ("#1001", "ann@example.com", "170.00", "0.00", "USD"),
        ("#1002", "bob@example.com", "60.00", "15.00", "USD"),
    ],
    "woocommerce_orders": [
        ("1071", "+4915112345678", "45.00", "0.00", "EUR"),
        ("1073", "eve@example.com", "30.00", "30.00", "EUR"),
    ],
    "youzan_orders": [("E2026030501", "13800138001", "118.00", "0.00", "CNY")],
    "weidian_orders": [("811001", "13800138001", "66.00", "0.00", "CNY")],
    "taobao_orders": [("812345678901234567", "tea_lover", "108.00", "0.00", "CNY")],
    "jd_orders": [("290000001", "jd_ann", "80.00", "0.00", "CNY")],
}
MEMBERS = {
    "wecom_customers": ("13800138001", "小林", []),
    "weiban_customers": ("13800138001", "小林", ["老客", "高复购"]),
    "mailchimp_audience": ("ann@example.com", "Ann", ["VIP", "tea"]),
}


@pytest.fixture
def community(transactional_db: None) -> Community:
    return factories.community()


@pytest.fixture
def qunce(capsys: pytest.CaptureFixture[str], community: Community) -> Run:
    return in_this_process(capsys, "--at", NOW, "--lang", "en")


def import_file(qunce: Run, folder: Path, name: str, target: str) -> Any:
    path = folder / f"{name}.csv"
    path.write_text(FILES[name], encoding="utf-8")
    result = qunce("import", str(path), "--as", target, "--json")
    assert result.code == 0, result.errors
    return result


def test_every_file_is_recognised_by_its_own_format() -> None:
    labels = {str(each.label) for each in format_registry.list_all()}
    found = {
        str(each.label)
        for text in FILES.values()
        if (each := format_registry.find(text.partition("\n")[0].split(",")))
    }
    assert found <= labels
    assert len(found) == len(FILES)
    assert set(FILES) == {*ORDERS, *MEMBERS}


@pytest.mark.parametrize("name", ORDERS)
def test_orders_of_an_export_are_listed(qunce: Run, tmp_path: Path, name: str) -> None:
    result = import_file(qunce, tmp_path, name, "orders")
    assert "Read as" in result.errors
    listed = qunce("orders", "list", "--json").json["orders"]
    fields = ("key", "member_key", "amount", "refunded", "currency")
    assert (
        sorted(tuple(row[field] for field in fields) for row in listed) == ORDERS[name]
    )


@pytest.mark.parametrize("name", MEMBERS)
def test_members_of_an_export_are_shown(qunce: Run, tmp_path: Path, name: str) -> None:
    result = import_file(qunce, tmp_path, name, "members")
    assert "Read as" in result.errors
    key, full_name, tags = MEMBERS[name]
    shown = qunce("members", "show", key, "--json").json
    assert shown["name"] == full_name
    assert sorted(shown["tags"]) == sorted(tags)


def test_other_files_are_not_taken_for_an_export() -> None:
    assert format_registry.find(["Name", "Email", "Total"]) is None
    assert format_registry.find(["订单号", "订单金额"]) is None
