"""The same results as plain text for the command line: aligned columns, no colour, nothing that a terminal obeys."""

from __future__ import annotations

from collections.abc import Sequence

from enxerto.data.health import DataHealth, DuplicateGroup, PhotoIssue
from enxerto.evaluation.results import (
    Candidate,
    ClassResult,
    Domain,
    Evaluation,
    Interval,
    LayersTried,
    LearningCurve,
    Scratch,
)
from enxerto.report.confused import confused_pairs
from enxerto.report.contents import ReportContents
from enxerto.report.findings import alerts, transfer_advice, verdict, worst_first
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.transfer import domain_sentence, scratch_sentence
from enxerto.report.unmeasured.contents import UnmeasuredContents
from enxerto.report.unmeasured.page import ADVICE, cautions, learned_sentence, reason_sentence
from enxerto.report.wording import (
    change,
    change_interval,
    count,
    listing,
    number,
    number_interval,
    percent,
    percent_interval,
    points,
    points_interval,
    quoted,
    roughly,
    roughly_interval,
    seconds,
    shortened,
    times,
    visible,
)

MOST_ROWS = 10
NAME_COLUMNS = 40


def summary(contents: ReportContents | UnmeasuredContents, *, columns: int | None = None) -> str:
    """What `enxerto train` ends with: the verdict, the alerts, the figures and where the time went.

    Where nothing was measured there are no figures; it says so, and what to do.

    Args:
        contents: of the report.
        columns: width to wrap to; the terminal's by default.
    """
    columns = columns or terminal_columns()
    if isinstance(contents, UnmeasuredContents):
        blocks = _unmeasured_blocks(contents, columns)
    else:
        blocks = _measured_blocks(contents, columns)
    total = sum(duration for _, duration in contents.seconds)
    stages = ", ".join(f"{visible(stage)} {seconds(duration)}" for stage, duration in contents.seconds)
    stand = f"{visible(contents.backbone.name)} on {visible(contents.engine)}, C {contents.regularization:g}"
    blocks.append(wrapped(plain(f"{stand}; {seconds(total)} in all: {stages}" if stages else stand), columns))
    return "\n\n".join(blocks) + "\n"


def _unmeasured_blocks(contents: UnmeasuredContents, columns: int) -> list[str]:
    lines = [f"NOT MEASURED: {learned_sentence(contents)}", reason_sentence(contents), ADVICE]
    doubts = [f"! {visible(note)}" for note in contents.notes]
    doubts += [f"- {answer}: {caution}" for answer, caution in cautions(contents)]
    blocks = [
        "\n".join(wrapped(plain(line), columns) for line in lines),
        "\n".join(wrapped(plain(line), columns, 2) for line in doubts),
    ]
    return blocks + _issue_block("skipped", contents.health.skipped, columns)


def _measured_blocks(contents: ReportContents, columns: int) -> list[str]:
    judged = verdict(contents)
    lines = [f"{judged.word.upper()}: {judged.sentence}", judged.reason, judged.measured_on]
    blocks = ["\n".join(wrapped(plain(line), columns) for line in lines)]
    if found := alerts(contents):
        blocks.append(
            "\n".join(
                wrapped(plain(f"! {a.text}" if a.level == "warning" else f"- {a.text}"), columns, 2) for a in found
            )
        )
    blocks += _evaluation_blocks(contents.honest)
    blocks += _ways_block(contents.candidates)
    blocks += transfer_blocks(contents.layers, contents.scratch, contents.domain, transfer_advice(contents), columns)
    if contents.curve is not None:
        blocks.append(wrapped(plain(_curve_line(contents.curve)), columns, 2))
    blocks += _issue_block("skipped", contents.health.skipped, columns)
    return blocks + _seen_block(contents.seen, columns)


def _evaluation_blocks(evaluation: Evaluation) -> list[str]:
    blocks = [table(("figure", "value", "95 % interval"), _figures(evaluation))]
    worst = worst_first(evaluation.per_class)
    shown = worst[:MOST_ROWS]
    title = (
        f"classes, worst first ({len(shown)} of {len(worst):,})" if len(shown) < len(worst) else "classes, worst first"
    )
    blocks.append(table((title, "photos", "precision", "recall", "F1", "F1 95 % interval"), map(_class_row, shown)))
    if pairs := confused_pairs(evaluation):
        rows = [
            (f"{_name(pair.label, 24)} -> {_name(pair.predicted, 24)}", f"{pair.photos:,}", percent(pair.share))
            for pair in pairs[:MOST_ROWS]
        ]
        blocks.append(table(("confused (label -> predicted)", "photos", "of the label's"), rows))
    return blocks


def _ways_block(candidates: Sequence[Candidate]) -> list[str]:
    if not candidates:
        return []
    header = ("way", "accuracy", "gain", "95 % interval", "log loss", "change", "95 % interval", "time")
    return [table(header, map(_way_row, candidates))]


def transfer_blocks(
    layers: LayersTried | None, scratch: Scratch | None, domain: Domain | None, advice: str, columns: int
) -> list[str]:
    """The layers tried as a table, what else says whether transfer helps, and the advice."""
    blocks = []
    if layers is not None:
        rows = [
            (visible(score.name) + " (chosen)" * score.chosen, f"{score.width:,}", percent(score.accuracy.value),
             percent_interval(score.accuracy), "" if score.log_loss is None else number(score.log_loss))
            for score in layers.scores
        ]  # fmt: skip
        title = f"layer, on {count(layers.photos, 'photo')}"
        blocks.append(table((title, "features", "accuracy", "95 % interval", "log loss"), rows))
    lines = [scratch_sentence(scratch)] if scratch is not None else []
    lines += [domain_sentence(domain)] if domain is not None else []
    lines += [f"Advice: {advice}"] if advice else []
    if lines:
        blocks.append("\n".join(wrapped(plain(line), columns, 2) for line in lines))
    return blocks


def _way_row(candidate: Candidate) -> tuple[str, ...]:
    gain, loss = candidate.gain, candidate.loss_change
    return (
        _name(candidate.name) + (" (kept)" if candidate.kept else ""),
        percent(candidate.accuracy.value),
        *((points(gain.value), points_interval(gain)) if gain else ("", "")),
        number(candidate.log_loss.value),
        *((change(loss.value), change_interval(loss)) if loss else ("", "")),
        seconds(candidate.seconds),
    )


def _curve_line(curve: LearningCurve) -> str:
    """Accuracy by photos of each class in one line, with the forecast at its end."""
    measured = ", ".join(f"{point.per_class:,}: {percent(point.accuracy.value)}" for point in curve.points)
    if curve.doubled is None:
        return f"accuracy by photos of each class: {measured}; what twice as many would bring can't be said"
    return (
        f"accuracy by photos of each class: {measured}; {2 * curve.points[-1].per_class:,}, expected: "
        f"about {roughly(curve.doubled.value)} ({roughly_interval(curve.doubled)})"
    )


def health_table(health: DataHealth, *, columns: int | None = None) -> str:
    """What `enxerto check` prints: counts, classes, and every kind of issue with its first photos."""
    columns = columns or terminal_columns()
    opening = f"{health.readable:,} readable of {count(health.listed, 'file')}, {len(health.skipped):,} skipped"
    balance = (
        f"; the largest class has {times(health.imbalance)} the photos of the smallest" if health.class_counts else ""
    )
    blocks = [wrapped(plain(f"{opening}{balance}."), columns)]
    rows = [(_name(entry.name), f"{entry.readable:,}", f"{entry.skipped:,}") for entry in health.class_counts]
    if rows:
        blocks.append(table(("class", "readable", "skipped"), rows))
    blocks += _single_photos_block(health, columns)
    blocks += _issue_block("skipped", health.skipped, columns) + _issue_block("warnings", health.warnings, columns)
    harmless = tuple(group for group in health.duplicates if len(group.labels) < 2 and len(group.splits) < 2)
    for title, groups in (
        ("equal pictures with different labels", health.conflicts),
        ("equal pictures on both sides of the split", health.leaks),
        ("equal or nearly equal pictures", harmless),
    ):
        blocks += _group_block(title, groups, columns)
    return "\n\n".join(blocks) + "\n"


def _single_photos_block(health: DataHealth, columns: int) -> list[str]:
    names = [entry.name for entry in health.class_counts if entry.readable == 1]
    if not names:
        return []
    more = [f"{len(names) - MOST_ROWS:,} more"] if len(names) > MOST_ROWS else []
    which = listing([*(quoted(name) for name in names[:MOST_ROWS]), *more])
    text = f"One photo only of {which}: enough to learn from, too few to also measure on. Add another."
    return [wrapped(plain(text), columns)]


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
    if not result.support:
        return (_name(result.name), "0", "", "", "", "not measured")
    figures = [percent(interval.value) for interval in (result.precision, result.recall, result.f1)]
    return (_name(result.name), f"{result.support:,}", *figures, percent_interval(result.f1))


def _issue_block(title: str, issues: Sequence[PhotoIssue], columns: int) -> list[str]:
    if not issues:
        return []
    lines = [f"{title} ({len(issues):,})"]
    lines += [
        wrapped(plain(f"{_name(i.path, 300)}: {visible(i.detail)} ({visible(i.code)})"), columns, 2)
        for i in issues[:MOST_ROWS]
    ]
    return ["\n".join([*lines, *_more(len(issues))])]


def _seen_block(names: Sequence[str], columns: int) -> list[str]:
    if not names:
        return []
    lines = [wrapped(plain(_name(name, 300)), columns, 2) for name in names[:MOST_ROWS]]
    return ["\n".join([f"in training ({len(names):,})", *lines, *_more(len(names))])]


def _group_block(title: str, groups: Sequence[DuplicateGroup], columns: int) -> list[str]:
    if not groups:
        return []
    lines = [f"{title} ({count(len(groups), 'group')})"]
    for group in groups[:MOST_ROWS]:
        sides = f" [{' / '.join(visible(name) for name in group.labels)}]" if len(group.labels) > 1 else ""
        sides += f" [{' / '.join(visible(name) for name in group.splits)}]" if len(group.splits) > 1 else ""
        paths = " = ".join(_name(path, 120) for path in group.paths[:4]) + (" = …" if len(group.paths) > 4 else "")
        lines.append(wrapped(plain(paths + sides), columns, 2))
    return [plain("\n".join([*lines, *_more(len(groups))]))]


def _more(total: int) -> list[str]:
    return [f"  … and {total - MOST_ROWS:,} more"] if total > MOST_ROWS else []


def _name(name: str, limit: int = NAME_COLUMNS) -> str:
    return shortened(name, limit)
