"""The group template of the simulated brand, in the two languages."""

from __future__ import annotations

NAMES = {"zh": "门店群标准配置", "en": "Standard shop group"}
RHYTHMS = {
    "zh": "只在周末发一次福利，平时聊豆子",
    "en": "One offer at the weekend, and talk about beans otherwise",
}
GATES = {"zh": "近 90 天内下过单", "en": "An order within 90 days"}
