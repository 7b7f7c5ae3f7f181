"""Which HUIFANG_* variables mean something, so that a slip of the pen does not pass for a setting."""

import importlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from deploy.local.settings import PORTED, SERVICES
from deploy.standins.behaviour import Behaviour
from shared.settings import ServiceSettings

PREFIX = "HUIFANG_"
# read elsewhere than in a settings class: by the launcher, the stand-ins, set-up, tests and benchmarks
_OTHERS = {
    *("VAR", "PORT_BASE", "PYTHON", "MAVEN_MIRROR", "CRASH_AT", "NOTIFICATIONS_URL", "SMS_CALLBACK_URL"),
    *("SMS_CALLBACK_TOKEN", "LINE_PORT", "TEST_POSTGRES_DSN", "TEST_KAFKA", "TEST_PLATFORM", "STRICT_EVENTS"),
    *("PROMETHEUS", "ALERTMANAGER", "ALERTS_URL", "ALERTS_SECRET", "ALERTS_TOKEN", "ALERTS_PORT"),
    *(
        "FRONT_BIND",
        "FRONT_TLS",
        "FRONT_CERTIFICATE",
        "FRONT_PRIVATE_KEY",
        "FRONT_MAX_BODY",
        "FRONT_TRUSTED",
        "CHROMIUM",
    ),
}


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that nothing reads."""
    known = _known()
    given = sorted(name for name in environment if name.startswith(PREFIX) and not name.startswith("HUIFANG_BENCH_"))
    return [_sentence(name, known) for name in given if name not in known]


def _sentence(name: str, known: Iterable[str]) -> str:
    alike = get_close_matches(name, known, 1)
    return f"nothing reads {name}" + (f": did you mean {alike[0]}?" if alike else "")


def _known() -> set[str]:
    names = _OTHERS | {f"{port}_PORT".upper() for port in PORTED}
    names |= {f"SMS_SIM_{name}".upper() for name in Behaviour.model_fields}
    names |= {name.upper() for settings in settings_classes() for name in settings.model_fields}
    return {PREFIX + name for name in names} | {f"{PREFIX}{name}_FILE" for name in names}


def settings_classes() -> list[type[ServiceSettings]]:
    modules = [importlib.import_module(f"services.{service}.settings") for service in SERVICES]
    found = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    return [each for each in found if issubclass(each, ServiceSettings)]
