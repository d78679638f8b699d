"""A report's contents as JSON, and back: strict, so that what is loaded is what was saved."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from enxerto.errors import IntegrityError
from enxerto.evaluation.results import Evaluation
from enxerto.report.contents import ReportContents

FORMAT = "enxerto-report"
VERSION = 1
_NOT_FINITE = "not-finite"


def to_json(contents: ReportContents) -> bytes:
    r"""Contents as UTF-8 JSON; the same contents give the same bytes.

    JSON has no infinity: `inf` is kept as `{"not-finite": "inf"}`. Undecodable bytes of a file name (lone surrogates)
    are kept as `\udcff`.
    """
    tree = {"format": FORMAT, "version": VERSION, "contents": _portable(msgspec.to_builtins(contents))}
    return msgspec.json.format(msgspec.json.encode(tree), indent=1) + b"\n"


def from_json(content: bytes) -> ReportContents:
    """Contents from what `to_json` gave.

    Raises:
        IntegrityError: the bytes are no JSON, no report, of another version, have a wrong type somewhere, a field that
            no report has, or tables that don't fit together.
    """
    try:
        tree = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"the report's record is not JSON: {error}; make the report again") from error
    contents = _restored(_unwrapped(tree))
    try:
        report = msgspec.convert(contents, ReportContents, strict=True)
    except msgspec.ValidationError as error:
        raise IntegrityError(f"the report's record is damaged: {error}; make the report again") from error
    _check_fields(contents, msgspec.to_builtins(report), "$")
    _check_tables(report.evaluation)
    if report.without_seen is not None:
        _check_tables(report.without_seen)
    return report


def _unwrapped(tree: Any) -> Any:
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise IntegrityError(f'not a report\'s record: expected an object with "format": "{FORMAT}"')
    if tree.get("version") != VERSION:
        raise IntegrityError(
            f"the report's record has version {tree.get('version')!r}, this Enxerto reads version {VERSION}; "
            "open it with the Enxerto that wrote it, or make the report again"
        )
    return tree.get("contents")


def _check_fields(found: Any, known: Any, where: str) -> None:
    if isinstance(found, dict):
        unknown = sorted(found.keys() - known.keys())
        if unknown:
            raise IntegrityError(f"the report's record has an unknown field `{unknown[0]}` - at `{where}`")
        for key, value in found.items():
            _check_fields(value, known[key], f"{where}.{key}")
    elif isinstance(found, list):
        for index, (value, known_value) in enumerate(zip(found, known, strict=True)):
            _check_fields(value, known_value, f"{where}[{index}]")


def _check_tables(evaluation: Evaluation) -> None:
    size = len(evaluation.classes)
    shape = {len(evaluation.confusion), *(len(row) for row in evaluation.confusion)}
    if shape != {size}:
        raise IntegrityError(
            f"the report's record has {size} classes, but its confusion matrix is not {size} by {size}"
        )
    if tuple(result.name for result in evaluation.per_class) != evaluation.classes:
        raise IntegrityError("the report's record has other classes in its per-class table than in `classes`")


def _portable(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _portable(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_portable(value) for value in tree]
    if isinstance(tree, str):
        return tree.encode("utf-8", "backslashreplace").decode()
    if isinstance(tree, float) and not math.isfinite(tree):
        return {_NOT_FINITE: str(tree)}
    return tree


def _restored(tree: Any) -> Any:
    if isinstance(tree, dict):
        if tree.keys() == {_NOT_FINITE} and tree[_NOT_FINITE] in {"inf", "-inf", "nan"}:
            return float(tree[_NOT_FINITE])
        return {key: _restored(value) for key, value in tree.items()}
    return [_restored(value) for value in tree] if isinstance(tree, list) else tree
