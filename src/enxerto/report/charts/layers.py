"""Which layer's features transfer best: accuracy from the input of the network to its output."""

from __future__ import annotations

from collections.abc import Sequence

from enxerto.evaluation.results import LayerScore, LayersTried
from enxerto.report.charts.plot import nice_ticks
from enxerto.report.charts.svg import Chart
from enxerto.report.charts.tracks import Scale, Track, span, track_panel
from enxerto.report.transfer import layers_sentence
from enxerto.report.wording import isolated, number, percent, percent_interval

GRID = ":2x2"


def layers_chart(layers: LayersTried) -> Chart:
    """A panel for features averaged over the maps, and one for averages over a 2x2 grid."""
    ticks = nice_ticks(*span(score.accuracy for score in layers.scores), most=4, finest=0.01)
    scale = Scale(tuple((tick, f"{100 * tick:g} %") for tick in ticks), ("", ""))
    takeaway = layers_sentence(layers)
    if ticks[0] > 0:
        takeaway += f" The scale starts at {100 * ticks[0]:g} %."
    averaged = [score for score in layers.scores if not score.name.endswith(GRID)]
    gridded = [score for score in layers.scores if score.name.endswith(GRID)]
    panels = [
        track_panel(f"layers-{place}", title, takeaway, _tracks(scores), scale)
        for place, (title, scores) in enumerate((("Averaged", averaged), ("Over a 2×2 grid", gridded)), 1)
        if scores
    ]
    rows = tuple(
        (isolated(score.name), f"{score.width:,}", percent(score.accuracy.value), percent_interval(score.accuracy),
         "" if score.log_loss is None else number(score.log_loss))
        for score in layers.scores
    )  # fmt: skip
    header = ("layer", "features", "accuracy", "95 % interval", "log loss")
    return Chart("layers", "Which layer transfers best", takeaway, tuple(panels), header, rows)


def _tracks(scores: Sequence[LayerScore]) -> list[Track]:
    return [
        Track(isolated(score.name.removesuffix(GRID), 24), "chosen" if score.chosen else "", score.accuracy,
              percent(score.accuracy.value), "kept" if score.chosen else "other")
        for score in scores
    ]  # fmt: skip
