"""What the platform is filled with: a pack's questionnaires, templates and policies, through the public APIs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from deploy.local.pack_folder import read_files
from deploy.local.settings import ROOT
from shared.errors import InvalidInput

SAMPLE_PACK = ROOT / "deploy" / "packs" / "r01-gas"
YAML = {"content-type": "application/yaml; charset=utf-8"}


class PackRefused(RuntimeError):
    """A service did not take its part of the pack; the text carries its reasons."""


def apply_pack(run: dict[str, Any], folder: Path) -> Iterator[str]:
    """Apply every part of a pack; yields a line a part. Applying the same content again changes nothing.

    Questionnaires and templates go first: policies name them. Raises PackRefused.
    """
    try:
        texts = read_files(folder)
    except InvalidInput as error:
        raise PackRefused(str(error)) from error
    for service, role, part, path in (
        ("visits", "policy_owner", "questionnaires", "/api/v1/questionnaires"),
        ("notifications", "policy_owner", "templates", "/api/v1/templates"),
    ):
        files = [file for file in texts if file.startswith(f"{part}/")]
        with _client(run, service, role) as client:
            for file in files:
                _accepted(client.post(path, content=texts[file].encode(), headers=YAML), file)
        yield f"{part}: {len(files)}"
    yield f"policies: {_apply_policies(run, folder, texts)}"


def apply_sample_pack(run: dict[str, Any]) -> list[str]:
    """Fill an empty platform with the sample pack, so that its first event finds a policy; leave any other alone."""
    with _client(run, "scheduler", "policy_owner") as client:
        if _accepted(client.get("/api/v1/policies"), "policies")["items"]:
            return []
    return list(apply_pack(run, SAMPLE_PACK))


def _apply_policies(run: dict[str, Any], folder: Path, texts: dict[str, str]) -> int:
    with _client(run, "scheduler", "policy_owner") as client:
        body = {"name": folder.resolve().name, "files": texts}
        return len(_accepted(client.post("/api/v1/packs", json=body), folder.name)["policies"])


def _client(run: dict[str, Any], service: str, role: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {run['keys'][role]}"}
    return httpx.Client(base_url=run["services"][service], headers=headers, timeout=30)


def _accepted(answer: httpx.Response, what: str) -> Any:
    if not answer.is_success:
        raise PackRefused(f"{what}: HTTP {answer.status_code} {answer.text}")
    return answer.json()
