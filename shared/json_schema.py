"""JSON Schema, without what `jsonschema` loads to know formats that no schema of ours asks for.

Where these packages are installed, as they are for the checks of a checkout, loading them takes most of a command's start:
one of them compiles the grammar of RFC 3987, which is 1.6 s. Data are held against the formats of `kind_schema` alone.
"""

import sys
from types import ModuleType

FORMATS = (
    "fqdn",
    "isoduration",
    "jsonpointer",
    "rfc3339_validator",
    "rfc3986_validator",
    "rfc3987_syntax",
    "uri_template",
    "webcolors",
)
_modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # where None stands for one that is not there
_left_out = [name for name in FORMATS if name not in _modules]
_modules.update(dict.fromkeys(_left_out))
try:
    from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
    from jsonschema.validators import extend
finally:
    for name in _left_out:
        del _modules[name]

__all__ = ["Draft202012Validator", "FormatChecker", "SchemaError", "ValidationError", "extend"]
