"""Grafana's dashboards as code: `python -m deploy.dashboards` writes the JSON files of `deploy/grafana/dashboards`."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.dashboards import business, followups, messages, platform

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"


def files() -> dict[str, str]:
    """Every dashboard's file name and content."""
    boards = (
        business.overview(),
        followups.work(),
        followups.cases(),
        messages.messages(),
        platform.platform(),
        platform.service(),
    )
    return {f"{board.uid}.json": _written(board) for board in boards}


def _written(board: object) -> str:
    return json.dumps(board, cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
