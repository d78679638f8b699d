"""A classifier that nothing was measured of: its page, which says so, and the sentences that the terminal shares."""

from __future__ import annotations

from enxerto.report import charts
from enxerto.report.document import filled
from enxerto.report.findings import IMBALANCED
from enxerto.report.page import MOST_ISSUES, health_lists
from enxerto.report.unmeasured.contents import UnmeasuredContents
from enxerto.report.wording import count, visible

ADVICE = (
    "To measure it, add a second photo of each class that is no copy of the first, or put other photos of each class "
    "into test/, beside train/; then train again."
)


def render_unmeasured(contents: UnmeasuredContents) -> str:
    """The page as HTML; the same contents give the same text."""
    counts = contents.health.class_counts
    return filled(
        "unmeasured.html.j2",
        contents=contents,
        health=contents.health,
        health_lists=health_lists(contents.health),
        most_issues=MOST_ISSUES,
        charts={"counts": charts.class_counts(counts) if counts else None},
        learned=learned_sentence(contents),
        reason=reason_sentence(contents),
        advice=ADVICE,
        cautions=cautions(contents),
        total_seconds=sum(duration for _, duration in contents.seconds),
    )


def learned_sentence(contents: UnmeasuredContents) -> str:
    """What there is, and what nobody knows of it."""
    classes = count(len(contents.health.class_counts), "class", "classes")
    photos = count(contents.health.readable, "photo")
    return f"A classifier of {classes} learned from {photos}. How often it is right, nobody knows."


def reason_sentence(contents: UnmeasuredContents) -> str:
    """Why nothing was measured."""
    return f"Nothing was measured: {visible(contents.reason)}. All photos were learned from."


def cautions(contents: UnmeasuredContents) -> tuple[tuple[str, str], ...]:
    """What its answers are worth, by kind of answer, in words."""
    if contents.calibrated:
        probabilities = f"Temperature {contents.temperature:.2f} comes from the few photos that were to spare."
    else:
        probabilities = "Not calibrated: no photo was left to fit the temperature on. Don't take them literally."
    if contents.set_threshold > 0:
        sets = "Their threshold comes from the few photos that were to spare."
    else:
        sets = "Every class is in every set: with so few photos, nothing less could be promised."
    if contents.familiarity_threshold > -1:
        none = "Turns away what is less like the training photos than they are like each other."
    else:
        none = "Never answered: with so few photos, no threshold could be set."
    found = [("Probabilities", probabilities), ("Prediction sets", sets), ("\u201cNone of these\u201d", none)]
    if contents.health.imbalance >= IMBALANCED:
        lean = "Answers lean toward the class with most photos; --balanced lets every class count the same."
        found.insert(0, ("Classes", lean))
    return tuple(found)
