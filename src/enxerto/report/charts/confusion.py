"""The confusion matrix as a heatmap: rows are labels, columns what the classifier said."""

from __future__ import annotations

from markupsafe import Markup

from enxerto.evaluation.results import Evaluation
from enxerto.report.charts.svg import Chart, drawing, element
from enxerto.report.wording import columns_of, isolated, percent, shortened

MOST_CLASSES = 40
STEPS = (0.1, 0.25, 0.5, 0.75)
_CELLS_PX = ((4, 84), (8, 52), (14, 40), (22, 30), (MOST_CLASSES, 18))
_CHARACTER_PX = 7.2
_LONGEST_LABEL = 16
_LEVEL_LABELS = 10  # characters that fit above a cell of the widest size


def confusion_heatmap(evaluation: Evaluation) -> Chart:
    """A cell per pair of classes, shaded in five steps by its share of the label's photos, with its number.

    The diagonal (right answers) has its own hue and a frame; text colours keep their contrast on every step.
    """
    size = len(evaluation.classes)
    cell = next(px for most, px in _CELLS_PX if size <= most)
    left = _label_px(evaluation)
    top = 48.0 if _level(evaluation) else left
    right = sum(evaluation.confusion[i][i] for i in range(size))
    takeaway = (
        f"{right:,} of {evaluation.photos:,} photos lie on the diagonal, where prediction and label agree; "
        f"{evaluation.photos - right:,} lie beside it."
    )
    children = [*_labels(evaluation, cell, left, top), *_cells(evaluation, cell, left, top)]
    width, height = left + cell * size + 2, top + cell * size + 2
    panel = drawing(
        "confusion",
        "Confusion matrix",
        takeaway,
        *children,
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        class_="chart fixed",
    )
    header = ("label \u2193  predicted →", *(isolated(name, 24) for name in evaluation.classes))
    rows = tuple(
        (isolated(name, 24), *(f"{count:,}" for count in row))
        for name, row in zip(evaluation.classes, evaluation.confusion, strict=True)
    )
    return Chart("confusion", "Confusion matrix", takeaway, (panel,), header, rows, scrolls=True)


def step(share: float) -> int:
    """Which of the five shades a share gets, 1 to 5."""
    return 1 + sum(share > limit for limit in STEPS)


def _label_px(evaluation: Evaluation) -> float:
    return round(38 + _CHARACTER_PX * _longest(evaluation))


def _level(evaluation: Evaluation) -> bool:
    """Whether the names above the columns fit without being turned."""
    return len(evaluation.classes) <= _CELLS_PX[0][0] and _longest(evaluation) <= _LEVEL_LABELS


def _longest(evaluation: Evaluation) -> int:
    return max(columns_of(shortened(name, _LONGEST_LABEL)) for name in evaluation.classes)


def _labels(evaluation: Evaluation, cell: float, left: float, top: float) -> list[Markup]:
    size = len(evaluation.classes)
    middle_x, middle_y = left + cell * size / 2, top + cell * size / 2
    marks = [
        element("text", "predicted", x=middle_x, y=12, text_anchor="middle", class_="tick"),
        element(
            "text",
            "label",
            x=10,
            y=middle_y,
            transform=f"rotate(-90 10 {middle_y:g})",
            text_anchor="middle",
            class_="tick",
        ),
    ]
    for index, name in enumerate(evaluation.classes):
        words, at = isolated(name, _LONGEST_LABEL), cell * (index + 0.5) + 4
        marks.append(element("text", words, x=left - 6, y=top + at, text_anchor="end", class_="label"))
        if _level(evaluation):
            x = left + cell * (index + 0.5)
            marks.append(element("text", words, x=x, y=top - 8, text_anchor="middle", class_="label"))
        else:
            turn = f"rotate(-90 {left + at:g} {top - 6:g})"
            marks.append(element("text", words, x=left + at, y=top - 6, transform=turn, class_="label"))
    return marks


def _cells(evaluation: Evaluation, cell: float, left: float, top: float) -> list[Markup]:
    size = len(evaluation.classes)
    marks = [element("rect", x=left, y=top, width=cell * size, height=cell * size, class_="sheet")]
    for row, counts in enumerate(evaluation.confusion):
        for column, count in enumerate(counts):
            if count or row == column:
                share = count / sum(counts) if count else 0.0
                marks.append(_cell(left + cell * column, top + cell * row, cell, count, share, right=row == column))
    return marks


def _cell(x: float, y: float, cell: float, count: int, share: float, *, right: bool) -> Markup:
    kind = f"{'right' if right else 'wrong'} step-{step(share) if count else 0}"
    marks = [
        element(
            "rect",
            element("title", f"{count:,} photos, {percent(share)}"),
            x=x + 1,
            y=y + 1,
            width=cell - 2,
            height=cell - 2,
            class_=f"cell {kind}",
        )
    ]
    font = min(max(cell * 0.36, 10), 17)
    digits = str(count)
    if len(digits) * font * 0.62 <= cell - 3:
        marks.append(
            element(
                "text",
                digits,
                x=x + cell / 2,
                y=y + cell / 2 + font * 0.35,
                font_size=font,
                text_anchor="middle",
                class_=f"count {kind}",
            )
        )
    return Markup("").join(marks)
