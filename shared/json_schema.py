"""JSON Schema, without the grammar of IRIs, which no schema of ours asks for.

Where its package is installed, as it is for the checks of a checkout, `jsonschema` compiles this grammar of RFC 3987 when it is
loaded, which takes 1.2 s of every command's start. All other formats are there as ever.
"""

import sys
from types import ModuleType

GRAMMAR = "rfc3987_syntax"
_modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # None stands for a module that can't be loaded
_left_out = GRAMMAR not in _modules
if _left_out:
    _modules[GRAMMAR] = None
try:
    from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
    from jsonschema.validators import extend
finally:
    if _left_out:
        del _modules[GRAMMAR]

__all__ = ["Draft202012Validator", "FormatChecker", "SchemaError", "ValidationError", "extend"]
