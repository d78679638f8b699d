"""A report's contents as JSON, and back: strict, so that what is loaded is what was saved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from enxerto.errors import IntegrityError
from enxerto.evaluation.results import Evaluation
from enxerto.report.comparison.contents import ComparisonContents
from enxerto.report.contents import ReportContents, TricksContents
from enxerto.report.feature_maps.contents import FeatureMapsContents
from enxerto.report.ideal.contents import IdealContents
from enxerto.report.lab.contents import LabContents
from enxerto.report.unmeasured.contents import UnmeasuredContents

VERSION = 1
_NOT_FINITE = "not-finite"
Contents = TypeVar(
    "Contents",
    ReportContents,
    UnmeasuredContents,
    TricksContents,
    IdealContents,
    FeatureMapsContents,
    LabContents,
    ComparisonContents,
)


@dataclass(frozen=True)
class _Kind(Generic[Contents]):
    """A kind of record: its name in the file, its name in words, and what it holds."""

    format: str
    whose: str
    holds: type[Contents]


_REPORT = _Kind("enxerto-report", "report's", ReportContents)
_UNMEASURED = _Kind("enxerto-unmeasured", "report's", UnmeasuredContents)
_TRICKS = _Kind("enxerto-tricks", "tricks page's", TricksContents)
_IDEAL = _Kind("enxerto-ideal", "gallery's", IdealContents)
_FEATURES = _Kind("enxerto-features", "feature maps'", FeatureMapsContents)
_LAB = _Kind("enxerto-lab", "lab's", LabContents)
_COMPARISON = _Kind("enxerto-comparison", "comparison's", ComparisonContents)


def to_json(contents: ReportContents | UnmeasuredContents) -> bytes:
    r"""Contents as UTF-8 JSON; the same contents give the same bytes.

    JSON has no infinity: `inf` is kept as `{"not-finite": "inf"}`. Undecodable bytes of a file name (lone surrogates)
    are kept as `\udcff`.
    """
    if isinstance(contents, UnmeasuredContents):
        return _written(_UNMEASURED, contents)
    return _written(_REPORT, contents)


def from_json(content: bytes) -> ReportContents | UnmeasuredContents:
    """Contents from what `to_json` gave. Fields that older records lack are empty.

    Raises:
        IntegrityError: the bytes are no JSON, no report, of another version, have a wrong type somewhere, a field that
            no report has, or tables that don't fit together.
    """
    tree = _decoded(content, _REPORT.whose)
    if isinstance(tree, dict) and tree.get("format") == _UNMEASURED.format:
        return _converted(_UNMEASURED, tree)
    report = _converted(_REPORT, tree)
    _check_tables(report.evaluation)
    if report.without_seen is not None:
        _check_tables(report.without_seen)
    _check_improvement(report)
    return report


def tricks_to_json(contents: TricksContents) -> bytes:
    """Contents of a page of tricks as UTF-8 JSON, in the way of `to_json`."""
    return _written(_TRICKS, contents)


def tricks_from_json(content: bytes) -> TricksContents:
    """Contents from what `tricks_to_json` gave.

    Raises:
        IntegrityError: the bytes are no JSON, no record of tricks, of another version, have a wrong type somewhere, or
            a field that no such record has.
    """
    return _read(_TRICKS, content)


def ideal_to_json(contents: IdealContents) -> bytes:
    """Contents of a page of ideal images as UTF-8 JSON, in the way of `to_json`."""
    return _written(_IDEAL, contents)


def ideal_from_json(content: bytes) -> IdealContents:
    """Contents from what `ideal_to_json` gave.

    Raises:
        IntegrityError: the bytes are no JSON, no record of ideal images, of another version, have a wrong type
            somewhere, or a field that no such record has.
    """
    return _read(_IDEAL, content)


def feature_maps_to_json(contents: FeatureMapsContents) -> bytes:
    """Contents of a page of feature maps as UTF-8 JSON, in the way of `to_json`."""
    return _written(_FEATURES, contents)


def feature_maps_from_json(content: bytes) -> FeatureMapsContents:
    """Contents from what `feature_maps_to_json` gave.

    Raises:
        IntegrityError: the bytes are no JSON, no record of feature maps, of another version, have a wrong type
            somewhere, or a field that no such record has.
    """
    return _read(_FEATURES, content)


def lab_to_json(contents: LabContents) -> bytes:
    """Contents of a lab's page as UTF-8 JSON, in the way of `to_json`."""
    return _written(_LAB, contents)


def lab_from_json(content: bytes) -> LabContents:
    """Contents from what `lab_to_json` gave.

    Raises:
        IntegrityError: the bytes are no JSON, no record of a lab, of another version, have a wrong type somewhere, or
            a field that no such record has.
    """
    return _read(_LAB, content)


def comparison_to_json(contents: ComparisonContents) -> bytes:
    """Contents of a comparison of backbones as UTF-8 JSON, in the way of `to_json`."""
    return _written(_COMPARISON, contents)


def comparison_from_json(content: bytes) -> ComparisonContents:
    """Contents from what `comparison_to_json` gave.

    Raises:
        IntegrityError: the bytes are no JSON, no record of a comparison, of another version, have a wrong type
            somewhere, or a field that no such record has.
    """
    return _read(_COMPARISON, content)


def _written(kind: _Kind[Contents], contents: Contents) -> bytes:
    tree = {"format": kind.format, "version": VERSION, "contents": _portable(msgspec.to_builtins(contents))}
    return msgspec.json.format(msgspec.json.encode(tree), indent=1) + b"\n"


def _read(kind: _Kind[Contents], content: bytes) -> Contents:
    return _converted(kind, _decoded(content, kind.whose))


def _decoded(content: bytes, whose: str) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"the {whose} record is not JSON: {error}; make the report again") from error


def _converted(kind: _Kind[Contents], tree: Any) -> Contents:
    whose = kind.whose
    found = _restored(_unwrapped(tree, kind.format, whose))
    try:
        contents = msgspec.convert(found, kind.holds, strict=True)
    except msgspec.ValidationError as error:
        raise IntegrityError(f"the {whose} record is damaged: {error}; make the report again") from error
    _check_fields(found, msgspec.to_builtins(contents), "$", whose)
    return contents


def _unwrapped(tree: Any, format_: str, whose: str) -> Any:
    if not isinstance(tree, dict) or tree.get("format") != format_:
        raise IntegrityError(f'not a {whose} record: expected an object with "format": "{format_}"')
    if tree.get("version") != VERSION:
        raise IntegrityError(
            f"the {whose} record has version {tree.get('version')!r}, this Enxerto reads version {VERSION}; "
            "open it with the Enxerto that wrote it, or make the report again"
        )
    return tree.get("contents")


def _check_fields(found: Any, known: Any, where: str, whose: str) -> None:
    if isinstance(found, dict):
        unknown = sorted(found.keys() - known.keys())
        if unknown:
            raise IntegrityError(f"the {whose} record has an unknown field `{unknown[0]}` - at `{where}`")
        for key, value in found.items():
            _check_fields(value, known[key], f"{where}.{key}", whose)
    elif isinstance(found, list):
        for index, (value, known_value) in enumerate(zip(found, known, strict=True)):
            _check_fields(value, known_value, f"{where}[{index}]", whose)


def _check_tables(evaluation: Evaluation) -> None:
    size = len(evaluation.classes)
    shape = {len(evaluation.confusion), *(len(row) for row in evaluation.confusion)}
    if shape != {size}:
        raise IntegrityError(
            f"the report's record has {size} classes, but its confusion matrix is not {size} by {size}"
        )
    if tuple(result.name for result in evaluation.per_class) != evaluation.classes:
        raise IntegrityError("the report's record has other classes in its per-class table than in `classes`")


def _check_improvement(report: ReportContents) -> None:
    kept = sum(candidate.kept for candidate in report.candidates)
    if report.candidates and kept != 1:
        raise IntegrityError(f"the report's record must keep one of its candidates, it keeps {kept}")
    for fit in report.tuning.fits if report.tuning else ():
        if fit.best not in {epoch.number for epoch in fit.epochs}:
            raise IntegrityError(f"the report's record keeps epoch {fit.best} of fit {fit.name!r}, which has none such")
    if report.curve is not None and not report.curve.points:
        raise IntegrityError("the report's record has a learning curve without points")


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
