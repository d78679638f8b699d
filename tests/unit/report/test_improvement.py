from dataclasses import replace

import made_up_reports as made_up
import pytest

from enxerto.evaluation.results import Candidate, Interval, LearningCurve, LearningPoint
from enxerto.report.improvement import (
    defense_sentence,
    fit_sentence,
    forecast_sentence,
    kept_accuracy,
    kept_epoch,
    kept_loss,
    main_fit,
    more_photos_help,
    unusual_fits,
    ways_sentence,
)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def tuned(gain: Interval, loss: Interval, *, kept: bool) -> tuple[Candidate, ...]:
    probe, _, fine = made_up.ways()
    return replace(probe, kept=not kept), replace(fine, gain=gain, loss_change=loss, kept=kept)


NO_CHANGE = Interval(0.0, -0.03, 0.03)


@pytest.mark.parametrize(
    ("gain", "loss", "kept", "sentence"),
    [
        (
            Interval(0.003, -0.006, 0.012),
            NO_CHANGE,
            False,
            "Fine-tuning is not shown to help: +0.3 points (95 % CI -0.6 to +1.2 points); the linear probe was kept.",
        ),
        (
            Interval(0.023, 0.011, 0.035),
            NO_CHANGE,
            True,
            "Fine-tuning gains +2.3 points (95 % CI +1.1 to +3.5 points) over the linear probe; fine-tuning was kept.",
        ),
        (
            Interval(-0.023, -0.035, -0.011),
            NO_CHANGE,
            False,
            "Fine-tuning does worse than the linear probe: -2.3 points (95 % CI -3.5 to -1.1 points); "
            "the linear probe was kept.",
        ),
        (
            Interval(0.003, -0.006, 0.012),
            NO_CHANGE,
            True,
            "Fine-tuning changes accuracy by no more than noise: +0.3 points (95 % CI -0.6 to +1.2 points); "
            "fine-tuning was kept.",
        ),
        (
            Interval(-0.023, -0.035, -0.011),
            NO_CHANGE,
            True,
            "Fine-tuning costs accuracy: -2.3 points (95 % CI -3.5 to -1.1 points); fine-tuning was kept.",
        ),
        (
            Interval(0.003, -0.006, 0.012),
            Interval(-0.05, -0.08, -0.02),
            True,
            "Fine-tuning makes better probabilities: log loss -0.050 (95 % CI -0.080 to -0.020), "
            "accuracy +0.3 points; fine-tuning was kept.",
        ),
    ],
)
def test_the_sentence_follows_from_the_interval(gain: Interval, loss: Interval, kept: bool, sentence: str) -> None:
    assert plain(ways_sentence(tuned(gain, loss, kept=kept))) == sentence


def test_every_way_is_named() -> None:
    sentence = ways_sentence(made_up.ways())
    assert sentence.startswith("Probe on 8 views is not shown to help")
    assert "fine-tuning gains" in sentence
    assert ways_sentence([replace(made_up.ways()[0], kept=True)]) == "The linear probe was kept."


def test_the_forecast_is_rough_and_comes_with_its_interval() -> None:
    points = (LearningPoint(8, Interval(0.912, 0.89, 0.93)),)
    curve = LearningCurve(points, Interval(0.931, 0.902, 0.949), 300)
    assert plain(forecast_sentence(curve)) == (
        "With twice the photos (16 a class), expect about 93 % (90 to 95 %); with 8 a class it is 91.2 %."
    )
    assert "can't be said" in forecast_sentence(replace(curve, doubled=None))


@pytest.mark.parametrize(("doubled", "helps"), [(0.9221, True), (0.92, False), (0.9, False), (None, False)])
def test_more_photos_help_from_one_point_on(doubled: float | None, helps: bool) -> None:
    expected = None if doubled is None else Interval(doubled, doubled - 0.01, doubled + 0.01)
    curve = LearningCurve((LearningPoint(8, Interval(0.912, 0.89, 0.93)),), expected, 300)
    assert more_photos_help(curve) is helps


@pytest.mark.parametrize("diverged", [False, True])
def test_fits_that_diverged_are_unusual(diverged: bool) -> None:
    fit = replace(made_up.fit("final"), diverged=diverged)
    assert unusual_fits(replace(made_up.tuning(), fits=(fit,))) == ((fit,) if diverged else ())


def test_the_main_fit_is_the_final_one_or_the_last() -> None:
    card = made_up.tuning()
    assert main_fit(replace(card, fits=tuple(reversed(card.fits)))).name == "final"
    assert main_fit(replace(card, fits=card.fits[:3])).name == "fold2"


def test_figures_are_those_of_the_weights_that_were_kept() -> None:
    averaged = made_up.fit("final")
    epoch = kept_epoch(averaged)
    assert epoch.number == averaged.best
    assert (kept_loss(averaged, epoch), kept_accuracy(averaged, epoch)) == (
        epoch.averaged_loss,
        epoch.averaged_accuracy,
    )
    plain_weights = replace(averaged, averaged=False)
    assert (kept_loss(plain_weights, epoch), kept_accuracy(plain_weights, epoch)) == (epoch.loss, epoch.accuracy)


def test_the_story_of_a_fit() -> None:
    fit = made_up.fit("final")
    assert f"the average of the weights up to epoch {fit.best} of" in fit_sentence(fit)
    assert fit_sentence(fit).endswith("the fit ended: all 8 epochs done.")
    assert f"Kept: epoch {fit.best} of" in fit_sentence(replace(fit, averaged=False))
    assert fit_sentence(replace(fit, best=0)).startswith("No epoch was better than the start, which was kept; ")
    again = " Then it learned again from all 60 photos up to that epoch; those weights count."
    assert plain(fit_sentence(replace(fit, refitted_on=60))).endswith(f"all 8 epochs done.{again}")
    start = plain(fit_sentence(replace(fit, best=0, refitted_on=60)))
    assert start.startswith("No epoch was better than the start, which was kept: a head solved on all 60 photos; ")


@pytest.mark.parametrize(
    ("gain", "opening"), [(0.58, "Withstands attacks better: "), (0.05, "Not shown to withstand attacks: ")]
)
def test_a_defense_is_told_with_what_it_costs(gain: float, opening: str) -> None:
    sentence = plain(defense_sentence(made_up.defense(gain)))
    assert sentence.startswith(f"{opening}with every value of a photo changed by up to 2/255, adversarial fine-tuning")
    assert "of 160 photos" in sentence
    assert "the linear probe on 2.0 %. " in sentence
    assert sentence.endswith("accuracy changes by -5.0 points (95 % CI -9.0 to -1.0 points).")
