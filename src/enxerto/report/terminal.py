"""The same results as plain text for the command line: aligned columns, no colour, nothing that a terminal obeys."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from enxerto.data.health import DataHealth, DuplicateGroup, PhotoIssue
from enxerto.evaluation.results import ClassResult, Evaluation, Interval
from enxerto.report.confused import confused_pairs
from enxerto.report.contents import ReportContents
from enxerto.report.findings import alerts, verdict, worst_first
from enxerto.report.wording import (
    columns_of,
    count,
    number,
    number_interval,
    percent,
    percent_interval,
    seconds,
    shortened,
    times,
    visible,
)

MOST_ROWS = 10
NAME_COLUMNS = 40
_DEFAULT_COLUMNS = 100
_PLAIN = str.maketrans(
    {"\u00a0": " ", "\u2068": None, "\u2069": None, "\u2212": "-", "\u2018": "'", "\u2019": "'", "\ufffd": None}
    | {chr(code): None for code in range(0x2400, 0x2422)}
)


def summary(contents: ReportContents, *, columns: int | None = None) -> str:
    """What `enxerto train` ends with: the verdict, the alerts, the figures and where the time went.

    Args:
        contents: of the report.
        columns: width to wrap to; the terminal's by default.
    """
    columns = columns or _terminal_columns()
    judged = verdict(contents)
    lines = [f"{judged.word.upper()}: {judged.sentence}", judged.reason, judged.measured_on]
    blocks = ["\n".join(_wrapped(_plain(line), columns) for line in lines)]
    if found := alerts(contents):
        blocks.append(
            "\n".join(
                _wrapped(_plain(f"! {a.text}" if a.level == "warning" else f"- {a.text}"), columns, 2) for a in found
            )
        )
    blocks += _evaluation_blocks(contents.honest)
    blocks += _issue_block("skipped", contents.health.skipped, columns)
    blocks += _seen_block(contents.seen, columns)
    total = sum(duration for _, duration in contents.seconds)
    stages = ", ".join(f"{visible(stage)} {seconds(duration)}" for stage, duration in contents.seconds)
    stand = f"{visible(contents.backbone.name)} on {visible(contents.engine)}, C {contents.regularization:g}"
    blocks.append(_wrapped(_plain(f"{stand}; {seconds(total)} in all: {stages}" if stages else stand), columns))
    return "\n\n".join(blocks) + "\n"


def _evaluation_blocks(evaluation: Evaluation) -> list[str]:
    blocks = [_table(("figure", "value", "95 % interval"), _figures(evaluation))]
    worst = worst_first(evaluation.per_class)
    shown = worst[:MOST_ROWS]
    title = (
        f"classes, worst first ({len(shown)} of {len(worst):,})" if len(shown) < len(worst) else "classes, worst first"
    )
    blocks.append(_table((title, "photos", "precision", "recall", "F1", "F1 95 % interval"), map(_class_row, shown)))
    if pairs := confused_pairs(evaluation):
        rows = [
            (f"{_name(pair.label, 24)} -> {_name(pair.predicted, 24)}", f"{pair.photos:,}", percent(pair.share))
            for pair in pairs[:MOST_ROWS]
        ]
        blocks.append(_table(("confused (label -> predicted)", "photos", "of the label's"), rows))
    return blocks


def health_table(health: DataHealth, *, columns: int | None = None) -> str:
    """What `enxerto check` prints: counts, classes, and every kind of issue with its first photos."""
    columns = columns or _terminal_columns()
    opening = f"{health.readable:,} readable of {count(health.listed, 'file')}, {len(health.skipped):,} skipped"
    balance = (
        f"; the largest class has {times(health.imbalance)} the photos of the smallest" if health.class_counts else ""
    )
    blocks = [_wrapped(_plain(f"{opening}{balance}."), columns)]
    rows = [(_name(entry.name), f"{entry.readable:,}", f"{entry.skipped:,}") for entry in health.class_counts]
    if rows:
        blocks.append(_table(("class", "readable", "skipped"), rows))
    blocks += _issue_block("skipped", health.skipped, columns) + _issue_block("warnings", health.warnings, columns)
    harmless = tuple(group for group in health.duplicates if len(group.labels) < 2 and len(group.splits) < 2)
    for title, groups in (
        ("equal pictures with different labels", health.conflicts),
        ("equal pictures on both sides of the split", health.leaks),
        ("equal or nearly equal pictures", harmless),
    ):
        blocks += _group_block(title, groups, columns)
    return "\n\n".join(blocks) + "\n"


def _figures(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    shares: list[tuple[str, Interval]] = [
        ("accuracy", evaluation.accuracy),
        ("balanced accuracy", evaluation.balanced_accuracy),
        ("macro precision", evaluation.macro_precision),
        ("macro recall", evaluation.macro_recall),
        ("macro F1", evaluation.macro_f1),
        ("calibration error", evaluation.calibration_error),
        (f"in the {percent(evaluation.prediction_sets.stated)} sets", evaluation.prediction_sets.observed),
        ("none of these", evaluation.rejected),
    ]
    rows = [(title, percent(interval.value), percent_interval(interval)) for title, interval in shares]
    rows.insert(5, ("log loss", number(evaluation.log_loss.value), number_interval(evaluation.log_loss)))
    return [*rows, (f"always {_name(evaluation.majority_class, 30)}", percent(evaluation.majority), "")]


def _class_row(result: ClassResult) -> tuple[str, ...]:
    figures = [percent(interval.value) for interval in (result.precision, result.recall, result.f1)]
    return (_name(result.name), f"{result.support:,}", *figures, percent_interval(result.f1))


def _issue_block(title: str, issues: Sequence[PhotoIssue], columns: int) -> list[str]:
    if not issues:
        return []
    lines = [f"{title} ({len(issues):,})"]
    lines += [
        _wrapped(_plain(f"{_name(i.path, 300)}: {visible(i.detail)} ({visible(i.code)})"), columns, 2)
        for i in issues[:MOST_ROWS]
    ]
    return ["\n".join([*lines, *_more(len(issues))])]


def _seen_block(names: Sequence[str], columns: int) -> list[str]:
    if not names:
        return []
    lines = [_wrapped(_plain(_name(name, 300)), columns, 2) for name in names[:MOST_ROWS]]
    return ["\n".join([f"in training ({len(names):,})", *lines, *_more(len(names))])]


def _group_block(title: str, groups: Sequence[DuplicateGroup], columns: int) -> list[str]:
    if not groups:
        return []
    lines = [f"{title} ({count(len(groups), 'group')})"]
    for group in groups[:MOST_ROWS]:
        sides = f" [{' / '.join(visible(name) for name in group.labels)}]" if len(group.labels) > 1 else ""
        sides += f" [{' / '.join(visible(name) for name in group.splits)}]" if len(group.splits) > 1 else ""
        paths = " = ".join(_name(path, 120) for path in group.paths[:4]) + (" = …" if len(group.paths) > 4 else "")
        lines.append(_wrapped(_plain(paths + sides), columns, 2))
    return [_plain("\n".join([*lines, *_more(len(groups))]))]


def _more(total: int) -> list[str]:
    return [f"  … and {total - MOST_ROWS:,} more"] if total > MOST_ROWS else []


def _name(name: str, limit: int = NAME_COLUMNS) -> str:
    return shortened(name, limit)


def _plain(text: str) -> str:
    return text.translate(_PLAIN)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its first column to the left and figures to the right; cells may hold wide characters."""
    cells = [[_plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(columns_of, column)) for column in zip_longest(*cells, fillvalue="")]
    lines = [
        "  ".join(_padded(cell, width, left=i == 0) for i, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _padded(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - columns_of(cell))
    return cell + space if left else space + cell


def _wrapped(text: str, columns: int, indent: int = 0) -> str:
    """Text folded at spaces; a word longer than the line is left whole, so that a path can still be copied."""
    line = ""
    lines: list[str] = []
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if line and columns_of(candidate) + (indent if lines else 0) > columns:
            lines.append(line)
            line = word
        else:
            line = candidate
    return ("\n" + " " * indent).join([*lines, line])


def _terminal_columns() -> int:
    return max(40, shutil.get_terminal_size((_DEFAULT_COLUMNS, 24)).columns)
