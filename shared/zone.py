"""The organisation's time zone; rules run in it, stored times are UTC. Apart from the clock, so that rules may use it."""

from zoneinfo import ZoneInfo

ORG_ZONE = ZoneInfo("Asia/Shanghai")
