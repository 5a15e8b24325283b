"""Pay on a job: its tiers, and the summaries Ashby writes of them, e.g. `€72K to €100K • 0.05%` (with a dash)."""

from typing import Any

from sandbox.endpoints import published
from sandbox.table import Record

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}
_COMPONENT = ("compensationType", "interval", "currencyCode", "label")


def tiers(records: list[Record]) -> list[dict[str, Any]]:
    """Write the compensation tiers of a job."""
    return [
        {
            **published(tier, "id", "title", "additionalInformation"),
            "components": [{"id": part["id"], **component(part)} for part in tier["components"]],
            "tierSummary": " • ".join(_summary(part) for part in tier["components"]),
        }
        for tier in records
    ]


def component(part: Record) -> dict[str, Any]:
    """Write a component without its id; its two bounds may be null."""
    return {
        **published(part, *_COMPONENT),
        "minValue": part["minValue"],
        "maxValue": part["maxValue"],
        "summary": _summary(part),
    }


def summary(records: list[Record]) -> str | None:
    """Return one line for all tiers, or None if there are none."""
    return " • ".join(written["tierSummary"] for written in tiers(records)) or None


def _summary(part: Record) -> str:
    bounds = dict.fromkeys(_amount(part, part[name]) for name in ("minValue", "maxValue") if part[name] is not None)
    label = f" {part['label']}" if part["label"] else ""
    return " \u2013 ".join(bounds) + label


def _amount(part: Record, value: float) -> str:
    if part["currencyCode"] is None:
        return f"{value:g}%"
    sign = _SIGNS.get(part["currencyCode"], f"{part['currencyCode']} ")
    return f"{sign}{value / 1000:g}K" if value >= 1000 else f"{sign}{value:g}"
