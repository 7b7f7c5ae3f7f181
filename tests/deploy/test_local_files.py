"""What a run keeps below var/: clock, secrets, pids, the lock; and what it does with taken ports."""

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from deploy.local import control
from deploy.local.addresses import service_dsns
from deploy.local.clock import KeptClock, note_alive, resume_clock
from deploy.local.control import Refused
from deploy.local.files import write_json
from deploy.local.ports import PortTaken, check_ports
from deploy.local.report import announce, show_passwords
from deploy.local.runfiles import AlreadyRunning, living, note_pid, stop_leftovers, supervising, supervisor_pid
from deploy.local.secrets import ensure_secrets
from deploy.local.settings import ROLES, SERVICES, LocalSettings
from shared.auth import hash_key
from shared.embedded.postgres import PostgresServer
from shared.embedded.processes import free_port

SPEC = "2026-03-01T00:00+08:00@1440"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalSettings:
    for name in [name for name in os.environ if name.startswith("HUIFANG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    return LocalSettings.from_environment()


@pytest.fixture
def sleeper() -> subprocess.Popen[bytes]:
    with subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"]) as process:
        yield process
        process.kill()


class TestSettings:
    def test_ports_follow_the_base_and_move_one_by_one(
        self, settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert [settings.ports[name] for name in SERVICES] == [8100, 8101, 8102, 8103, 8104, 8105]
        monkeypatch.setenv("HUIFANG_PORT_BASE", "9100")
        monkeypatch.setenv("HUIFANG_VISITS_PORT", "7777")
        moved = LocalSettings.from_environment()
        assert (moved.ports["gateway"], moved.ports["visits"], moved.ports["kafka"]) == (9100, 7777, 9111)

    def test_a_clock_that_is_none_is_refused_at_once(
        self, settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUIFANG_CLOCK", "tomorrow")
        with pytest.raises(ValueError, match="must look like"):
            LocalSettings.from_environment()

    def test_a_taken_port_is_named_with_the_way_out(self, settings: LocalSettings) -> None:
        free = {name: free_port() for name in settings.ports}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            taken = replace(settings, ports=free | {"scheduler": port})
            with pytest.raises(PortTaken, match=f"Port {port}, which scheduler needs.*HUIFANG_SCHEDULER_PORT"):
                check_ports(taken)
        check_ports(replace(settings, ports=free))

    def test_ports_of_given_servers_are_not_ours_to_check(self, settings: LocalSettings) -> None:
        given = replace(settings, postgres_dsn="postgresql://db/x", kafka_bootstrap="broker:9092")
        assert not {"postgres", "kafka", "kafka_controller"} & given.own_ports.keys()


class TestClock:
    def test_a_new_clock_starts_now(self, settings: LocalSettings) -> None:
        assert resume_clock(replace(settings, clock=SPEC), now=5000.0) == KeptClock(SPEC, 5000.0, 5000.0)

    def test_time_lying_still_does_not_pass(self, settings: LocalSettings) -> None:
        simulated = replace(settings, clock=SPEC)
        note_alive(settings, KeptClock(SPEC, anchor=1000.0, seen=0))
        seen = json.loads((settings.var / "clock.json").read_text())["seen"]
        resumed = resume_clock(simulated, now=seen + 3600)
        assert resumed is not None
        assert resumed.anchor == pytest.approx(1000.0 + 3600)

    def test_without_a_setting_the_datas_clock_goes_on(self, settings: LocalSettings) -> None:
        note_alive(settings, KeptClock(SPEC, 1000.0, 0))
        resumed = resume_clock(settings, now=9e9)
        assert resumed is not None
        assert resumed.spec == SPEC

    def test_real_leaves_the_simulated_clock_for_good(self, settings: LocalSettings) -> None:
        note_alive(settings, KeptClock(SPEC, 1000.0, 0))
        assert resume_clock(replace(settings, clock="real"), now=9e9) is None
        assert resume_clock(settings, now=9e9) is None

    def test_another_clock_starts_at_its_own_start(self, settings: LocalSettings) -> None:
        note_alive(settings, KeptClock(SPEC, 1000.0, 0))
        other = "2027-01-01T00:00+08:00@60"
        assert resume_clock(replace(settings, clock=other), now=7000.0) == KeptClock(other, 7000.0, 7000.0)


class TestSecrets:
    def test_they_are_made_once_and_readable_by_their_owner_only(self, settings: LocalSettings) -> None:
        assert ensure_secrets(settings) == ensure_secrets(settings)
        kept = [settings.var / "secrets.json", settings.keys_file, settings.jwt_secret_file, settings.data_key_file]
        assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}

    def test_what_a_newer_version_asks_for_is_added_and_the_rest_is_kept(self, settings: LocalSettings) -> None:
        before = ensure_secrets(settings)
        path = settings.var / "secrets.json"
        older = json.loads(path.read_text())
        del older["sms_callback"], older["keys"]["auditor"]
        path.write_text(json.dumps(older))
        after = ensure_secrets(settings)
        assert after.keys.keys() == before.keys.keys()
        assert replace(after, sms_callback="", keys={}) == replace(before, sms_callback="", keys={})
        assert settings.sms_callback_file.read_text() == after.sms_callback

    def test_services_see_hashes_of_the_keys_only(self, settings: LocalSettings) -> None:
        secrets = ensure_secrets(settings)
        rows = json.loads(settings.keys_file.read_text())
        assert [row["role"] for row in rows] == list(ROLES)
        assert [row["sha256"] for row in rows] == [hash_key(secrets.keys[role]) for role in ROLES]
        assert not any(key in settings.keys_file.read_text() for key in secrets.keys.values())


class TestAddresses:
    server = PostgresServer(Path("unused"), 8110, "secret")

    def test_every_service_has_its_own_role_and_database(self, settings: LocalSettings) -> None:
        secrets = ensure_secrets(settings)
        dsns = service_dsns(None, self.server, secrets)
        password = secrets.passwords["huifang_visits"]
        assert dsns["visits"] == f"postgresql://huifang_visits:{password}@127.0.0.1:8110/huifang_visits"
        assert len(set(dsns.values())) == len(SERVICES)

    def test_a_given_superusers_server_keeps_its_place_and_options(self, settings: LocalSettings) -> None:
        dsns = service_dsns("postgresql://root:x@db:5433/postgres?ssl=require", self.server, ensure_secrets(settings))
        assert dsns["gateway"].endswith("@db:5433/huifang_gateway?ssl=require")

    def test_a_template_is_filled_in(self, settings: LocalSettings) -> None:
        dsns = service_dsns("postgresql://{service}_app@db/{service}", self.server, ensure_secrets(settings))
        assert dsns["analytics"] == "postgresql://analytics_app@db/analytics"


class TestRunFiles:
    def test_only_one_supervisor_at_a_time(self, settings: LocalSettings) -> None:
        with supervising(settings):
            assert supervisor_pid(settings) == os.getpid()
            with (
                pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}.*make stop"),
                supervising(settings),
            ):
                pass
        assert supervisor_pid(settings) is None

    def test_leftovers_of_an_interrupted_run_are_stopped(
        self, settings: LocalSettings, sleeper: subprocess.Popen[bytes]
    ) -> None:
        note_pid(settings, "visits", sleeper.pid)
        assert stop_leftovers(settings) == ["visits"]
        assert not psutil.pid_exists(sleeper.pid)
        assert living(settings) == {}

    def test_a_pid_that_is_somebody_elses_now_is_left_alone(
        self, settings: LocalSettings, sleeper: subprocess.Popen[bytes]
    ) -> None:
        note_pid(settings, "visits", sleeper.pid)
        pids = settings.var / "pids.json"
        noted = json.loads(pids.read_text())
        noted["visits"]["born"] -= 60
        pids.write_text(json.dumps(noted))
        assert stop_leftovers(settings) == []
        assert psutil.pid_exists(sleeper.pid)

    def test_a_restart_is_seen_in_the_run_file(self, settings: LocalSettings, sleeper: subprocess.Popen[bytes]) -> None:
        settings.run_file.write_text('{"pids": {"visits": 1}}')
        note_pid(settings, "visits", sleeper.pid)
        assert json.loads(settings.run_file.read_text())["pids"] == {"visits": sleeper.pid}

    def test_reset_is_refused_while_the_platform_runs(self, settings: LocalSettings) -> None:
        with supervising(settings), pytest.raises(Refused, match="make stop"):
            control.what_reset_deletes(settings)

    def test_reset_deletes_data_and_keeps_downloads(self, settings: LocalSettings) -> None:
        for folder in (settings.var / "kafka" / "lib", settings.var / "kafka" / "data", settings.var / "postgres"):
            folder.mkdir(parents=True)
        for folder in (settings.files, settings.traces, settings.logs):
            folder.mkdir(parents=True)
        ensure_secrets(settings)
        control.reset(control.what_reset_deletes(settings))
        assert sorted(path.name for path in settings.var.rglob("*")) == ["kafka", "lib"]


def test_nobody_but_its_owner_reads_what_lies_below_var(settings: LocalSettings) -> None:
    settings.var.chmod(0o755)
    with supervising(settings):
        assert stat.S_IMODE(settings.var.stat().st_mode) & 0o066 == 0
    settings.var.chmod(0o711)  # root lets PostgreSQL's own user walk through
    with supervising(settings):
        assert stat.S_IMODE(settings.var.stat().st_mode) == 0o711


class TestAnnounced:
    MADE = {"agent": "password-of-agent"}
    RUN = {
        "front": "http://127.0.0.1:8109",
        "services": {"gateway": "http://127.0.0.1:8100"},
        "mail": "http://127.0.0.1:8121",
        "sms": "http://127.0.0.1:8122",
        "kafka": "127.0.0.1:8111",
        "keys": {"agent": "hf_key-of-agent"},
        "clock": None,
    }

    def test_a_log_holds_neither_keys_nor_passwords(
        self, settings: LocalSettings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_json(settings.people_file, self.MADE)
        announce(self.RUN, settings.people_file)
        show_passwords(self.MADE)
        told = capsys.readouterr().out
        assert "sign in as      agent; passwords in" in told
        assert "password-of-agent" not in told
        assert "key-of-agent" not in told

    def test_a_terminal_shows_the_passwords_of_people_made_now(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        show_passwords(self.MADE)
        assert "password-of-agent" in capsys.readouterr().out
