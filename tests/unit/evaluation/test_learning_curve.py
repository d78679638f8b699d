import sys

import numpy as np
import pytest

from enxerto.errors import DataError
from enxerto.evaluation import learning_curve
from enxerto.evaluation.learning_curve import Answers, _most_photos
from enxerto.evaluation.partial_heads import Measured, PartialHeads
from enxerto.heads.linear import solve

module = sys.modules["enxerto.evaluation.learning_curve"]  # its name in the package is the function's
CLASSES = ("ant", "bee", "cat")


def made_up(per_class=12, classes=3, seed=0, apart=0.45):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    centers = np.random.default_rng(99).normal(size=(classes, 20)) * apart
    return (centers[labels] + generator.normal(size=(len(labels), 20))).astype(np.float32), labels


def test_accuracy_grows_from_one_photo_a_class_to_all_and_beyond():
    features, labels = made_up(30)
    curve = learning_curve(features, labels, CLASSES)
    assert [point.per_class for point in curve.points] == [1, 2, 4, 8, 16, 24]
    assert curve.photos == 90
    accuracies = [point.accuracy.value for point in curve.points]
    assert 1 / 3 < accuracies[0] < accuracies[2] < accuracies[-1]
    assert curve.doubled.value >= accuracies[-1]
    for interval in [*(point.accuracy for point in curve.points), curve.doubled]:
        assert 0 <= interval.low < interval.value < interval.high <= 1


def test_a_draw_of_one_photo_a_class_is_less_certain_than_one_of_many():
    curve = learning_curve(*made_up(200, apart=0.3), CLASSES)
    widths = [point.accuracy.high - point.accuracy.low for point in curve.points]
    assert widths[0] > 2 * widths[-1]


def test_the_seed_decides():
    features, labels = made_up()
    curve = learning_curve(features, labels, CLASSES, seed=3)
    assert learning_curve(features, labels, CLASSES, seed=3) == curve
    assert learning_curve(features, labels, CLASSES, seed=4) != curve


def test_given_sides_are_learned_from_and_measured_on():
    features, labels = made_up(20)
    learned, evaluated = np.arange(0, 60, 2), np.arange(1, 60, 2)
    curve = learning_curve(features, labels, CLASSES, learned=learned, evaluated=evaluated)
    assert [point.per_class for point in curve.points] == [1, 2, 4, 8, 10]
    assert curve.photos == 30
    head = solve(features[learned], labels[learned], CLASSES).head
    right = (head.logits(features[evaluated]).argmax(axis=1) == labels[evaluated]).mean()
    assert curve.points[-1].accuracy.value == pytest.approx(right, abs=0.07)


def test_copies_are_never_on_both_sides():
    """Features that say nothing: only a photo's copy could tell its class."""
    generator = np.random.default_rng(0)
    features = np.repeat(generator.normal(size=(40, 50)), 2, axis=0).astype(np.float32)
    labels = np.repeat(generator.permutation(np.arange(40) % 2), 2)
    groups = np.repeat(np.arange(40), 2)
    sides = {"learned": np.arange(0, 80, 2), "evaluated": np.arange(1, 80, 2)}
    assert learning_curve(features, labels, CLASSES[:2]).points[-1].accuracy.value > 0.8
    assert learning_curve(features, labels, CLASSES[:2], groups=groups).points[-1].accuracy.value < 0.7
    assert learning_curve(features, labels, CLASSES[:2], **sides).points[-1].accuracy.value > 0.9
    assert learning_curve(features, labels, CLASSES[:2], groups=groups, **sides) is None
    groups[1] = 99
    assert learning_curve(features, labels, CLASSES[:2], groups=groups, **sides).photos == 1


def test_copies_add_no_certainty():
    features, labels = made_up(20)
    once = learning_curve(features, labels, CLASSES)
    fourfold = learning_curve(np.tile(features, (4, 1)), np.tile(labels, 4), CLASSES, groups=np.tile(np.arange(60), 4))
    for one, other in ((once.points[-1].accuracy, fourfold.points[-1].accuracy), (once.doubled, fourfold.doubled)):
        assert other.high - other.low > 0.7 * (one.high - one.low)


def test_a_rare_class_takes_part_with_what_it_has():
    features, labels = made_up(30)
    some = np.concatenate([np.arange(60), np.arange(60, 64)])
    plain = learning_curve(features[some], labels[some], CLASSES)
    assert [point.per_class for point in plain.points] == [1, 2, 4, 8, 16, 24]
    assert learning_curve(features[some], labels[some], CLASSES, class_weight="balanced") != plain


def test_a_class_that_one_side_lacks_counts_as_wrong():
    features, labels = made_up(10, apart=3.0)
    curve = learning_curve(features, labels, CLASSES, learned=np.arange(15), evaluated=np.arange(15, 30))
    assert curve.points[-1].accuracy.value == pytest.approx(1 / 3)


@pytest.mark.parametrize("per_class", [2, 3])
def test_few_photos_give_a_wide_interval_and_no_forecast(per_class):
    curve = learning_curve(*made_up(per_class), CLASSES)
    assert curve.doubled is None
    assert curve.points[-1].accuracy.high - curve.points[-1].accuracy.low > 0.35


@pytest.mark.parametrize(
    ("classes", "rows", "groups"),
    [
        (CLASSES, [0, 12, 24], None),
        (CLASSES[:1], range(12), None),
        (CLASSES, [], None),
        (CLASSES, range(36), [0] * 36),
        (CLASSES, range(36), [0, 1, 2] * 12),
    ],
    ids=["one photo a class", "one class", "no photo", "one group", "of three groups"],
)
def test_where_nothing_can_be_said_there_is_no_curve_or_no_error(classes, rows, groups):
    features, labels = made_up()
    rows = np.array(rows, dtype=int)
    curve = learning_curve(features[rows], labels[rows], classes, groups=groups)
    assert (curve is None) == (groups is None or len(set(groups)) < 2)


def test_all_right_is_not_certain_to_stay_so():
    curve = learning_curve(*made_up(apart=5.0), CLASSES)
    assert curve.points[-1].accuracy.value == curve.doubled.value == curve.doubled.high == 1.0
    assert 0.8 < curve.doubled.low < 0.95


def test_of_many_photos_a_sample_takes_part(monkeypatch):
    features, labels = made_up(60)
    monkeypatch.setattr(module, "MOST_PHOTOS", 100)
    curve = learning_curve(features, labels, CLASSES)
    assert curve.photos == 100
    assert curve.doubled is not None
    monkeypatch.setattr(module, "MOST_PHOTOS", 60)
    assert learning_curve(features, labels, CLASSES).doubled is None


def test_much_work_is_done_for_one_fold_and_fewer_draws(monkeypatch):
    features, labels = made_up(20)
    monkeypatch.setattr(module, "WORK", 1.0)
    assert learning_curve(features, labels, CLASSES).photos == 12


@pytest.mark.parametrize(("features", "columns", "most"), [(1280, 1, 4000), (1280, 37, 2111), (1280, 1000, 316)])
def test_the_sample_is_as_large_as_the_work_allows(features, columns, most):
    assert _most_photos(features, columns) == most


def measured_of(right, labels, learned=(2.0, 400.0)):
    sizes = tuple(range(1, len(learned) + 1))
    return Measured(sizes, np.array(learned), right, np.zeros(right.shape[2], dtype=int), labels)


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_the_variance_of_draws_is_told_from_that_of_photos(spread):
    """Heads whose accuracy varies by `spread`, answering at random besides."""
    generator = np.random.default_rng(0)
    accuracies = 0.7 + spread * generator.normal(size=(2, 800, 1))
    right = generator.random((2, 800, 50)) < accuracies
    found = measured_of(right, np.arange(50) % 2).draw_variances()
    assert found[0] == pytest.approx(spread**2, rel=0.2, abs=3e-4)
    assert found[1] == pytest.approx(found[0] / 200**0.5, rel=0.1)


def test_a_preference_for_a_class_hides_no_variance():
    """What a head prefers varies more than how good it is: residuals of the two classes are opposite."""
    generator = np.random.default_rng(0)
    good, prefers = 0.05 * generator.normal(size=(800, 1)), 0.2 * generator.normal(size=(800, 1))
    labels = np.arange(50) % 2
    right = generator.random((800, 50)) < 0.6 + good + np.clip(prefers, -0.3, 0.3) * (2 * labels - 1)
    found = measured_of(np.stack([right, right]), labels).draw_variances()
    assert found[0] == pytest.approx(0.0025, rel=0.3)


def test_the_more_photos_draws_share_the_less_certain_is_their_mean():
    right = np.random.default_rng(0).random((3, 10, 40)) < 0.6 + 0.2 * np.random.default_rng(1).normal(size=(3, 10, 1))
    measured = measured_of(right, np.arange(40) % 2, (2.0, 20.0, 40.0))
    assert measured.heads == 10
    shares = measured.mean_variances() / measured.draw_variances()
    assert shares == pytest.approx([0.05 + 0.95 / 10, 0.5 + 0.5 / 10, 1.0])


def test_photos_of_one_class_each_are_taken_together():
    right = np.random.default_rng(0).random((2, 400, 30)) < 0.7 + 0.1 * np.random.default_rng(1).normal(
        size=(2, 400, 1)
    )
    assert measured_of(right, np.arange(30)).draw_variances()[0] == pytest.approx(0.01, rel=0.3)


def test_smaller_sizes_of_a_draw_are_parts_of_larger_ones(monkeypatch):
    seen = []

    def predicted(self, learned, evaluated):
        seen.append(set(learned.tolist()))
        return self.labels[evaluated]

    monkeypatch.setattr(PartialHeads, "_predicted", predicted)
    _, labels = made_up(4)
    heads = PartialHeads(np.zeros((12, 1), dtype=np.float32), labels, 3, None, 2, 0)
    measured = heads.measure([(np.arange(12), np.arange(2))])
    assert measured.sizes == (1, 2, 4)
    assert measured.learned.tolist() == [3, 6, 12]
    one, two, four, other_one, other_two = seen
    assert one < two < four
    assert [np.bincount(labels[list(part)]).tolist() for part in (one, two, four)] == [[1] * 3, [2] * 3, [4] * 3]
    assert other_one < other_two
    assert other_two != two


def test_a_forecast_never_falls_below_the_last_point():
    right = np.zeros((3, 2, 40), dtype=bool)
    for place, count in enumerate((36, 30, 24)):
        right[place, :, :count] = True
    measured = Measured((1, 2, 4), np.array([2.0, 4, 8]), right, np.zeros(40, dtype=int), np.arange(40) % 2)
    ahead = Answers(measured, np.arange(40)).ahead(2.0, 0)
    assert ahead.low < ahead.value < ahead.high
    assert ahead.value >= 24 / 40


def test_features_must_be_finite_and_as_many_as_labels():
    features, labels = made_up()
    with pytest.raises(DataError, match=r"`features` must be finite, of shape \(5, features\), got shape \(36, 20\)"):
        learning_curve(features, labels[:5], CLASSES)
    features[3, 2] = np.nan
    with pytest.raises(DataError, match="`features` must be finite"):
        learning_curve(features, labels, CLASSES)


@pytest.mark.parametrize("side", ["learned", "evaluated"])
def test_both_sides_or_none(side):
    with pytest.raises(DataError, match="expected both `learned` and `evaluated`, got one of them"):
        learning_curve(*made_up(), CLASSES, **{side: np.arange(5)})


def test_a_class_of_one_photo_is_learned_from_and_not_measured():
    features, labels = made_up(12)
    kept = np.flatnonzero((labels < 2) | (np.arange(36) == 35))
    curve = learning_curve(features[kept], labels[kept], CLASSES)
    assert curve.photos == 24
    assert curve.points[-1].accuracy.value > 0.5
    groups = np.where(labels[kept] == 1, 99, np.arange(25))
    assert learning_curve(features[kept], labels[kept], CLASSES, groups=groups) is None
