"""Schemathesis asks every operation of every service what its API description allows, and what it does not.

Each answer must be one that the description tells: its status, content type, headers and schema; no fault of ours; and what the
description forbids must be refused. All roles ask; the examples are the same on every run, HUIFANG_SCHEMA_EXAMPLES takes more.
"""

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import SanitizationConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks
from schemathesis.transport.prepare import prepare_request

from shared.auth import Role
from shared.testing import Served

EXAMPLES = int(os.environ.get("HUIFANG_SCHEMA_EXAMPLES", "8"))  # of each operation and mode
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
AS_IT_IS = SanitizationConfig(enabled=False)
ROLES = [Role.ADMIN] * len(Role) + list(Role)  # half of the examples are to pass the door
Send = Callable[[Any], httpx.Response]


async def test_every_answer_is_one_that_the_description_tells(served: Served) -> None:
    loop = asyncio.get_running_loop()
    async with served.client(None) as client:

        def send(request: Any) -> httpx.Response:
            asking = client.request(request.method, request.url, headers=request.headers, content=request.body)
            return asyncio.run_coroutine_threadsafe(asking, loop).result()

        found = await asyncio.to_thread(failures, served.app.openapi(), send)
    assert not found, "\n\n".join(found)


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    """The body is a text of lines; what is no text is sent as JSON."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()


def failures(document: dict[str, Any], send: Send) -> list[str]:
    """What is wrong with the answers, one sentence or two of each operation."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(with_security_parameters=False)  # the role's key is put in place of any
    refused = schema.config.checks.negative_data_rejection
    refused.expected_statuses = [
        *refused.expected_statuses,
        "413",
    ]  # a text that is too long may be too large to be read
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 5
    found = []
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            try:
                examine(operation, mode, send)
            except (Failure, FailureGroup) as failure:
                found.append(f"{operation.label} ({mode}): {told(failure)}")
            except Unsatisfiable:
                # nothing is forbidden where all there is to say is any text in the path
                assert mode.is_negative, operation.label
    return found


def told(failure: Exception) -> str:
    return "; ".join(map(str, failure.exceptions)) if isinstance(failure, FailureGroup) else str(failure)


def examine(operation: Any, mode: schemathesis.GenerationMode, send: Send) -> None:
    """Raises what schemathesis finds wrong with the answers to this operation's examples."""

    @given(case=operation.as_strategy(mode), role=st.sampled_from(ROLES))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, role: Role) -> None:
        headers = {"Authorization": f"Bearer test-{role}"}
        request = prepare_request(case, headers, config=AS_IT_IS, base_url="http://test")
        response = send(request)
        case.validate_response(response, checks=[check for check in CHECKS if check not in unseen(case)])

    ask()


def unseen(case: Any) -> list[Any]:
    """The checks that nobody could keep: an empty list or object isn't written at all in a form or a query, where nobody then
    sees what is forbidden.
    """
    data, written = case.meta.phase.data, {name for name, value in case.query.items() if value not in ([], {})}
    changed = {one.parameter for one in data.mutations} - {None}
    needed = {parameter.name for parameter in case.operation.query if parameter.is_required}
    lost = data.parameter_location == ParameterLocation.QUERY and changed and not changed & (written | needed)
    is_form = case.media_type == "multipart/form-data" and isinstance(case.body, dict)
    return [checks.negative_data_rejection] if lost or (is_form and [] in case.body.values()) else []
