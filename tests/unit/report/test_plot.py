import pytest

from enxerto.report.charts.plot import Axis, Key, accuracy_axis, loss_axis, nice_ticks, note, plot, point


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.03, 0.97, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.884, 0.958, (0.88, 0.9, 0.92, 0.94, 0.96)),
        (-0.034, 0.013, (-0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02)),
        (0, 1400, (0, 500, 1000, 1500)),
    ],
)
def test_ticks_are_round_and_reach_beyond_both_ends(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(low, high, most=6) == pytest.approx(ticks)


@pytest.mark.parametrize(("value", "ticks"), [(1.0, (0.99, 1.0)), (0.0, (0.0, 0.01)), (0.505, (0.5, 0.51))])
def test_a_single_value_has_an_axis_of_the_finest_step(value: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(value, value, finest=0.01) == pytest.approx(ticks)


def test_equal_losses_have_an_axis() -> None:
    axis = loss_axis([0.25, 0.25], usual=0.25)
    assert axis.low < axis.high
    assert 0 <= axis.place(0.25) <= 1


def test_accuracies_stay_below_100_percent() -> None:
    assert accuracy_axis([0.999, 1.0]).ticks == ((0.99, "99 %"), (1.0, "100 %"))


def test_a_loss_that_explodes_does_not_flatten_the_others() -> None:
    assert loss_axis([0.3, 0.2, 1e6], usual=0.3).high == pytest.approx(1.0)
    assert loss_axis([0.3, 0.2], usual=0.01).low <= 0.2


def test_places_on_a_logarithmic_axis() -> None:
    axis = Axis("photos", 1, 64, (), True)
    assert [axis.place(value) for value in (1, 8, 64)] == pytest.approx([0, 0.5, 1])


def test_words_stand_where_there_is_room() -> None:
    assert 'text-anchor="start"' in note("here", 0.1, 0.5)
    assert 'text-anchor="middle"' in note("here", 0.5, 0.5)
    assert 'text-anchor="end"' in note("here", 0.9, 0.5)


def test_the_legend_names_lines_and_dots() -> None:
    x, y = Axis("epoch", 0, 2, ((0, "0"),)), loss_axis([0.0, 1.0], usual=1.0)
    legend = [Key("line", "line model", "held out"), Key("dot", "hollow", "expected")]
    drawn = plot("k", "t", "s", x, y, legend, [point(0.5, 0.25, "fill model")])
    assert drawn.index("held out") < drawn.index("expected")
    assert '<circle cx="50%" cy="75%" r="4" class="fill model"/>' in drawn
