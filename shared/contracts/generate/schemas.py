"""One JSON Schema (draft 2020-12) per event: what its `data` must look like."""

from pathlib import Path
from typing import Any

import orjson

from shared.contracts.base import Contract

EXAMPLES = Path(__file__).parents[1] / "examples"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(declared: Contract) -> dict[str, Any]:
    """The schema of the event's data."""
    made = declared.model.model_json_schema(mode="validation")
    made["title"] = declared.title
    return {"$schema": DRAFT, "$id": f"urn:huifang:{declared.type}", **made}


def schema_file(declared: Contract) -> str:
    return f"schemas/{declared.name}.v1.json"


def example_of(declared: Contract) -> dict[str, Any]:
    """The golden example of the event's data. Raises FileNotFoundError when there is none."""
    return dict(orjson.loads((EXAMPLES / f"{declared.name}.json").read_bytes()))
