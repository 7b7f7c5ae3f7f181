"""Schemas of others, out of their Go modules: fetched once by the go command, where the machine has it."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

COMPOSE = "github.com/compose-spec/compose-go/v2@v2.16.2"
KEDA = "github.com/kedacore/keda/v2@v2.21.0"
CLOUDNATIVE_PG = "github.com/cloudnative-pg/cloudnative-pg@v1.28.0"
BARMAN_CLOUD = "github.com/cloudnative-pg/plugin-barman-cloud@v0.15.0"
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
GATEWAY_API = "sigs.k8s.io/gateway-api@v1.6.3"
SECONDS = 300


@cache
def module(name: str) -> Path:
    """The folder of a module; the test is skipped where it can't be had."""
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"the go command fetches {name}, whose schema this needs, and this machine has none")
    # in the root no go.mod of anybody is in the way
    done = subprocess.run(
        [go, "mod", "download", "-json", name],
        cwd="/",
        env=os.environ | {"GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"{name} could not be fetched: {(done.stdout + done.stderr).strip()[:300]}")
    return Path(json.loads(done.stdout)["Dir"])
