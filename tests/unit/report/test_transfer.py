from __future__ import annotations

from dataclasses import replace

import made_up_reports as made_up
import pytest

from enxerto.evaluation.results import Control, Domain, Interval, LayerScore, LayersTried, Scratch
from enxerto.report import ReportContents, from_json, render, summary, to_json
from enxerto.report.charts import layers_chart
from enxerto.report.transfer import advice, domain_sentence, layers_sentence, scratch_sentence

UP, NONE, DOWN = Interval(0.1, 0.05, 0.15), Interval(0.01, -0.02, 0.04), Interval(-0.1, -0.15, -0.05)
A = Interval(0.9, 0.85, 0.94)
NEAR, FAR = Domain(64, Interval(0.15, 0.14, 0.16), 0.5), Domain(64, Interval(0.35, 0.34, 0.36), 0.5)


def control(lift: Interval) -> Control:
    return Control(200, A, A, lift)


def scratch(lift: Interval, *, cut_short: bool = False) -> Scratch:
    return Scratch(800, 200, 64, 98_714, 18, cut_short, A, Interval(0.8, 0.74, 0.85), lift)


def layers(chosen: str, gain: Interval | None) -> LayersTried:
    scores = tuple(
        LayerScore(name, 80, Interval(value, value - 0.02, value + 0.02), 0.2, name == chosen)
        for name, value in (("blocks.3", 0.91), ("blocks.3:2x2", 0.96), ("last", 0.93), ("last:2x2", 0.94))
    )
    return LayersTried(500, scores, ("blocks.3:2x2",) * 5, gain)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-").replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None, None, None), ""),
        ((control(UP), None, None, None), "Transfer helps here: +10.0 points over random weights."),
        ((control(UP), None, NEAR, None), "so its last layer is the place to start."),
        ((control(UP), None, FAR, None), "an earlier layer may transfer better; try --layer auto."),
        ((control(UP), scratch(UP), NEAR, None), "+10.0 points over random weights and +10.0 points over a network"),
        (
            (control(UP), scratch(DOWN), FAR, None),
            "a small network trained from scratch is better beyond noise, by +10",
        ),
        (
            (control(UP), scratch(NONE), FAR, None),
            "not shown to be worth it here: a small network trained from scratch",
        ),
        ((control(NONE), None, NEAR, None), "random ones do as well. Train with --scratch"),
        (
            (control(NONE), scratch(UP), NEAR, None),
            "random ones do as well, though a small network trained from scratch",
        ),
        (
            (control(UP), None, FAR, layers("blocks.3:2x2", UP)),
            "take blocks.3:2x2 (--layer), as far from the network's training photos as these are:",
        ),
        (
            (control(UP), None, NEAR, layers("blocks.3:2x2", UP)),
            "Of the layers, take blocks.3:2x2 (--layer): its features are better",
        ),
        (
            (control(UP), None, FAR, layers("blocks.3:2x2", NONE)),
            "stay with the last: blocks.3:2x2 is not shown to be better.",
        ),
        (
            (control(UP), None, FAR, layers("last", None)),
            "Of the layers, the last one's features are as good as any.",
        ),
    ],
)
def test_advice_follows_what_was_measured(given: tuple, expected: str) -> None:
    found = plain(advice(*given))
    assert expected in found
    assert bool(found) == bool(expected)


def test_with_a_layer_that_was_given_nothing_is_said_of_layers() -> None:
    assert plain(advice(control(UP), None, FAR, None, layer="blocks.3")) == (
        "Transfer helps here: +10.0 points over random weights."
    )


def test_the_sentences() -> None:
    assert "98,714 parameters, trained from scratch at 64 pixels for 18 epochs, is right on 80.0 %" in plain(
        scratch_sentence(scratch(UP))
    )
    assert "18 epochs, cut short by the clock, is" in plain(scratch_sentence(scratch(UP, cut_short=True)))
    assert plain(domain_sentence(FAR)).startswith(
        "These photos are far from those that the network was trained on: 70 % of the way to pure noise"
    )
    assert plain(domain_sentence(NEAR)).startswith(
        "These photos are near those that the network was trained on: 30 % of the way to pure noise"
    )
    assert plain(layers_sentence(layers("blocks.3:2x2", UP))) == (
        "Features of blocks.3:2x2 transfer best: 96.0 % right, those of the last layer 93.0 %, cross-validated on 500 "
        "photos that may be learned from."
    )
    assert layers_sentence(layers("last", None)).startswith("No layer's features transfer better than the last one's")


def test_the_chart_has_a_panel_for_each_pooling_and_every_figure_in_its_table() -> None:
    chart = layers_chart(layers("blocks.3:2x2", UP))
    assert len(chart.panels) == 2
    assert [plain(row[0]) for row in chart.rows] == ["blocks.3", "blocks.3:2x2", "last", "last:2x2"]
    assert "chosen" in chart.panels[1]
    assert "chosen" not in chart.panels[0]


def whole() -> ReportContents:
    return replace(
        made_up.two_classes(), layers=layers("blocks.3:2x2", UP), scratch=scratch(UP), domain=FAR, control=control(UP)
    )


def test_the_page_and_the_terminal_tell_all_of_it() -> None:
    page, text = plain(render(whole(), thumbnails={})), plain(summary(whole(), columns=400))
    for part in (
        "Which layer transfers best",
        "Transfer against learning from scratch",
        "70 % of the way to pure noise",
    ):
        assert part in page
    for part in (
        "blocks.3:2x2 (chosen)",
        "trained from scratch at 64 pixels",
        "70 % of the way",
        "Advice: Transfer helps",
    ):
        assert part in text
    assert "Which layer transfers best" not in render(made_up.two_classes(), thumbnails={})


def test_the_record_keeps_all_of_it() -> None:
    assert from_json(to_json(whole())) == whole()
    first = replace(whole().layers.scores[0], log_loss=None)  # type: ignore[union-attr]  # it has layers
    without = replace(whole(), layers=replace(whole().layers, scores=(first,)))  # type: ignore[type-var]  # likewise
    assert from_json(to_json(without)) == without
