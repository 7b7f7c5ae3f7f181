"""Settings come from the environment, or from files as secrets are mounted."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.clock import SimulatedClock, SystemClock
from shared.settings import ServiceSettings


def test_a_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_CONSUMER_BATCH", "7")
    assert ServiceSettings().consumer_batch == 7


def test_a_secret_is_read_from_its_file_without_the_line_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    monkeypatch.setenv("HUIFANG_JWT_SECRET_FILE", str(path))
    secret = ServiceSettings().jwt_secret
    assert secret is not None
    assert secret.get_secret_value() == "s3cret"


def test_a_plain_variable_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "dsn"
    path.write_text("postgresql://from-file/x")
    monkeypatch.setenv("HUIFANG_POSTGRES_DSN_FILE", str(path))
    assert ServiceSettings().postgres_dsn == "postgresql://from-file/x"
    monkeypatch.setenv("HUIFANG_POSTGRES_DSN", "postgresql://plain/x")
    assert ServiceSettings().postgres_dsn == "postgresql://plain/x"


def test_a_field_that_is_a_file_keeps_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUIFANG_KEYS_FILE", str(tmp_path / "keys.json"))
    assert ServiceSettings().keys_file == tmp_path / "keys.json"


def test_a_missing_secret_file_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUIFANG_DATA_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(OSError, match="nothing"):
        ServiceSettings()


@pytest.mark.parametrize(("name", "value"), [("CONSUMER_BATCH", "0"), ("DB_POOL_SIZE", "1"), ("MAX_BODY_BYTES", "big")])
def test_a_senseless_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HUIFANG_{name}", value)
    with pytest.raises(ValidationError):
        ServiceSettings()


def test_secrets_do_not_show_in_texts() -> None:
    settings = ServiceSettings(jwt_secret="hush", data_key="hush")  # type: ignore[arg-type]
    assert "hush" not in repr(settings) + str(settings.model_dump())


def test_the_clock_is_real_unless_a_simulated_one_is_set() -> None:
    assert isinstance(ServiceSettings().make_clock(), SystemClock)
    assert isinstance(ServiceSettings(clock="2026-03-01T00:00+08:00@1440").make_clock(), SimulatedClock)
