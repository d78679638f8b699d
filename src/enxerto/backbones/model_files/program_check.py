"""Looking through a `.pt2` file before PyTorch opens it: opening one can run code in four ways.

Pickled objects among its constants, operators that are looked up from PyTorch's module by any name, sizes that are
parsed as formulas, and tensors that are no plain tensors. Only files without any of them are opened.
"""

from __future__ import annotations

import json
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from enxerto.errors import IntegrityError

_OPERATORS = re.compile(
    r"torch\.ops\.aten\.(?!from_file|save)\w+\.\w+"
    r"|_operator\.(getitem|add|sub|mul|floordiv|truediv|mod|neg|eq|ne|lt|le|gt|ge|and_|or_)|math\.(ceil|floor|trunc)"
)
_FORMULA = re.compile(
    r"((Symbol|Integer|Add|Mul|Pow|Max|Min|Mod|FloorDiv|CleanDiv|positive|integer|nonnegative|True|False)\b"
    r"|'?[su]\d+'?|[\d\s+\-*/(),<>=])*"
)
_PICKLED = re.compile(r"(^|/)(custom_obj_|opaque_obj_)")
_LOCK = threading.Lock()
FORCED, LOOSE = "TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


def require_plain(path: Path) -> None:
    """Raise an `IntegrityError` unless a program holds plain tensors and PyTorch's own operators only."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            texts = [archive.read(name) for name in names if name.endswith(".json")]
        descriptions = [json.loads(text) for text in texts if text.strip()]
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"{path} is no intact exported program: {' '.join(str(error).split())[:200]}") from error
    if any(_PICKLED.search(name) for name in names):
        raise IntegrityError(f"{path} has pickled objects in it, which may run code; it isn't opened")
    for key, value in _strings(descriptions):
        if key == "target" and "." in value and not _is_place(value) and not _OPERATORS.fullmatch(value):
            raise IntegrityError(f"{path} calls {value[:80]}, which is no plain operator of PyTorch; it isn't opened")
        if key == "expr_str" and not _FORMULA.fullmatch(value):
            raise IntegrityError(
                f"{path} has the size {value[:80]!r} in it, which is no plain formula; it isn't opened"
            )


@contextmanager
def tensors_only() -> Iterator[None]:
    """In the block, PyTorch unpickles nothing but tensors, also where its own code asks for more."""
    with _LOCK:
        before = {name: os.environ.pop(name, None) for name in (FORCED, LOOSE)}
        os.environ[FORCED] = "1"
        try:
            yield
        finally:
            os.environ.pop(FORCED)
            os.environ.update({name: value for name, value in before.items() if value is not None})


def _is_place(target: str) -> bool:
    """Names of weights, too, are called targets; none of them is looked up in a module of Python's."""
    return not target.startswith(("torch", "_operator", "math", "#"))


def _strings(descriptions: list[Any]) -> Iterator[tuple[str, str]]:
    waiting: list[Any] = list(descriptions)
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from ((key, value) for key, value in part.items() if isinstance(value, str))
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
