"""The page of a comparison of backbones."""

from __future__ import annotations

from typing import Any

from enxerto.report.charts.front import Place, front_chart
from enxerto.report.charts.gauge import control_gauge, scratch_gauge
from enxerto.report.charts.layers import layers_chart
from enxerto.report.charts.plot import nice_ticks
from enxerto.report.charts.svg import Chart
from enxerto.report.charts.tracks import Scale, Track, span, track_panel
from enxerto.report.comparison.contents import ComparisonContents
from enxerto.report.comparison.words import (
    about,
    as_good,
    best_sentence,
    choice_sentence,
    cost_words,
    disturbed_sentence,
    megabytes,
    milliseconds,
    named,
    random_sentence,
    skipped_sentences,
    smallest_sentence,
    transfer_words,
    untimed_sentence,
)
from enxerto.report.document import filled
from enxerto.report.transfer import domain_sentence
from enxerto.report.wording import isolated, percent


def render_comparison(contents: ComparisonContents) -> str:
    """The page as HTML; the same contents give the same text."""
    wishes = contents.wishes
    taken = [] if wishes is None else [
        (wish, named(contents, name))
        for wish, name in (
            ("Best", wishes.best), ("Fastest within noise of it", wishes.fastest),
            ("Smallest within noise of it", wishes.smallest),
        )
    ]  # fmt: skip
    return filled(
        "comparison.html.j2",
        contents=contents,
        sentence=best_sentence(contents),
        choice=choice_sentence(contents),
        smaller=smallest_sentence(contents),
        taken=taken,
        front=_front(contents),
        accuracies=_accuracies(contents),
        skipped=skipped_sentences(contents),
        stand_ins=random_sentence(contents),
        disturbed=disturbed_sentence(contents),
        untimed=untimed_sentence(contents),
        **_transfer(contents),
        about=about,
        cost=cost_words,
        megabytes=megabytes,
        milliseconds=milliseconds,
    )


def _transfer(contents: ComparisonContents) -> dict[str, Any]:
    """Charts and sentences of whether transfer helps."""
    card = contents.transfer
    if card is None:
        return {"transfer": (), "advice": "", "distance": ""}
    charts = [control_gauge(card.control)] if card.control else []
    charts += [scratch_gauge(card.scratch)] if card.scratch else []
    charts += [layers_chart(card.layers)] if card.layers else []
    distance = domain_sentence(card.domain) if card.domain else ""
    return {"transfer": charts, "advice": transfer_words(card), "distance": distance}


def _front(contents: ComparisonContents) -> Chart:
    places = [
        Place(isolated(entry.name, 32), entry.speed.milliseconds, entry.found.accuracy, entry.random)
        for entry in contents.entries if entry.found is not None
    ]  # fmt: skip
    return front_chart(
        places,
        "Up is better, left is faster. On the line no other is both; bars are 95 % intervals of each alone, and the "
        "paired differences below tell more.",
    )


def _accuracies(contents: ComparisonContents) -> Chart:
    solved = [(entry, entry.found) for entry in contents.entries if entry.found is not None]
    ticks = nice_ticks(*span(found.accuracy for _, found in solved), most=4, finest=0.01)
    scale = Scale(tuple((tick, f"{100 * tick:g} %") for tick in ticks))
    takeaway = "Worse beyond noise: against the best, the paired interval of accuracy or of log loss leaves out zero."
    if ticks[0] > 0:
        takeaway += f" The scale starts at {100 * ticks[0]:g} %."
    tracks = [
        Track(isolated(entry.name, 32), "" if as_good(entry) else "worse beyond noise", found.accuracy,
              percent(found.accuracy.value), "kept" if as_good(entry) else "other")
        for entry, found in solved
    ]  # fmt: skip
    title = "Accuracy of each backbone"
    panel = track_panel("accuracy-1", "Accuracy", takeaway, tracks, scale)
    return Chart("accuracy", title, takeaway, (panel,), (), ())
