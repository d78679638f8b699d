"""Certified radii; of a linear network without clipping they are its distances to the plane."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from scipy.stats import binom
from tiny_attacks import ConstantNetwork, linear_network, tiny_photos
from tiny_defences import chunk_of, rows_of, undefended

from enxerto.attack.robustness import smoothing
from enxerto.attack.robustness.records import CertifiedRecord
from enxerto.errors import OptionError
from enxerto.types import Logits, Pixels


def test_on_a_linear_network_the_radius_is_below_the_true_distance_and_not_far() -> None:
    network = linear_network(2)
    subject, chunk = chunk_of(network, tiny_photos(4, 6, low=0.45, high=0.55))
    logits = subject.logits(chunk.pixels)
    exact = (logits[:, 0] - logits[:, 1]).abs() / (network.weight[0] - network.weight[1]).detach().norm()
    sigma = 0.08  # pixels near the middle: nothing is clipped
    records = smoothing.measure(subject, chunk, sigma=sigma, draws=4000, alpha=0.01)
    for record, distance in zip(records, exact.tolist(), strict=True):
        reach = sigma * 2.9
        assert record.radius <= distance
        assert record.radius >= 0.8 * min(distance, reach) - 0.02 * sigma
    assert [record.answer for record in records if record.radius] == [
        record.label for record in records if record.radius
    ]


@pytest.mark.parametrize(("votes", "draws"), [(99, 100), (60, 100), (100, 100)])
def test_the_bound_is_where_so_many_votes_have_probability_alpha(votes: int, draws: int) -> None:
    bound = smoothing.lower_bound(votes, draws, 0.01)
    assert float(binom.sf(votes - 1, draws, bound)) == pytest.approx(0.01, rel=1e-6)
    assert bound < votes / draws


def test_no_votes_bound_nothing() -> None:
    assert smoothing.lower_bound(0, 10, 0.01) == 0


def test_agreement_of_all_copies_certifies_as_far_as_their_number_allows() -> None:
    subject, chunk = chunk_of(ConstantNetwork(), tiny_photos(1))
    (record,) = smoothing.measure(subject, chunk, sigma=0.5, first=3, draws=50, alpha=0.01)
    assert record.probability == pytest.approx(0.01 ** (1 / 50))
    assert record.radius == pytest.approx(0.5 * NormalDist().inv_cdf(0.01 ** (1 / 50)))
    assert subject.forwards == 3 + 50


def test_without_a_majority_there_is_no_answer() -> None:
    subject, chunk = undefended()
    records = smoothing.measure(subject, chunk, sigma=3.0, first=10, draws=20, alpha=1e-6)
    assert {(record.answer, record.radius) for record in records} == {(None, 0.0)}
    made = smoothing.summary(records, sigma=3.0, draws=20, alpha=1e-6)
    assert made is not None
    assert (made.abstained, made.photos, made.median) == (8, 8, None)
    assert made.points[0].accuracy.count == 0


def test_certified_accuracy_counts_right_answers_that_reach_so_far() -> None:
    said = [(0, 0, 0.3), (0, 0, 0.1), (0, 1, 2.0), (0, None, 0.0)]
    records = [CertifiedRecord("a", label, answer, radius, 0.9) for label, answer, radius in said]
    made = smoothing.summary(records, sigma=0.25, draws=1000, alpha=0.001)
    assert made is not None
    counts = {each.radius: each.accuracy.count for each in made.points}
    assert counts == {0.0: 2, 0.1: 2, 0.25: 1, 0.5: 0, 0.75: 0, 1.0: 0, 1.5: 0, 2.0: 0}
    assert (made.median, made.abstained) == (0.2, 1)
    assert made.points[3].grey == 127.5
    assert smoothing.summary([], sigma=0.25, draws=1000, alpha=0.001) is None


def test_a_photo_s_noise_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, chunk = undefended(photos=3)
    together = smoothing.measure(subject, chunk, sigma=0.5, first=5, draws=50, seed=1)
    monkeypatch.setattr(smoothing, "PHOTOS_A_CALL", 7)
    alone = [
        smoothing.measure(subject, rows_of(chunk, row, row + 1), sigma=0.5, first=5, draws=50, seed=1)[0]
        for row in range(3)
    ]
    assert alone == together
    assert smoothing.measure(subject, chunk, sigma=0.5, first=5, draws=50, seed=2) != together


def test_noisy_pixels_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, chunk = undefended(photos=1)
    seen: list[tuple[float, float]] = []
    logits = subject.engine.logits

    def watched(batch: Pixels) -> Logits:
        seen.append((batch.min(), batch.max()))
        return logits(batch)

    monkeypatch.setattr(subject.engine, "logits", watched)
    smoothing.measure(subject, chunk, sigma=1.0, first=2, draws=2)
    assert seen == [(0, 1), (0, 1)]


@pytest.mark.parametrize("options", [{"sigma": 0.0}, {"first": 0}, {"draws": 0}, {"alpha": 0.0}, {"alpha": 1.0}])
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    subject, chunk = undefended(photos=1)
    with pytest.raises(
        OptionError, match="`sigma` must be above 0, `first` and `draws` at least 1 and `alpha` between"
    ):
        smoothing.measure(subject, chunk, **options)  # type: ignore[arg-type]  # of several types
