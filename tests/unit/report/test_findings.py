from dataclasses import replace

import made_up_reports as made_up
import pytest

from enxerto.evaluation.evaluate import LISTED
from enxerto.evaluation.results import Control, Interval
from enxerto.report.contents import ReportContents
from enxerto.report.findings import alerts, small_sample_caveat, unmeasured_sentence, verdict, worst_first


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2068", "").replace("\u2069", "")


def texts(contents: ReportContents) -> list[str]:
    return [plain(alert.text) for alert in alerts(contents)]


def with_accuracy(value: float, low: float, high: float) -> ReportContents:
    contents = made_up.two_classes()
    return replace(contents, evaluation=replace(contents.evaluation, accuracy=Interval(value, low, high)))


def test_the_verdict_is_one_exact_sentence() -> None:
    contents = with_accuracy(0.978, 0.957, 0.989)
    control = Control(400, Interval(0.978, 0.957, 0.989), Interval(0.6, 0.55, 0.65), Interval(0.38, 0.33, 0.43))
    judged = verdict(replace(contents, control=control))
    assert plain(judged.sentence) == (
        "97.8 % (95 % CI 95.7\u201398.9 %) of 400 photos right, by 5-fold cross-validation; always answering "
        "\u2018cat\u2019 would be 50.0 %; pretrained weights add +38.0 points over random ones."
    )
    assert plain(judged.measured_on) == "Accuracy on 400 readable of 400 photos."


@pytest.mark.parametrize(
    ("accuracy", "level"),
    [((0.98, 0.96, 0.99), "go"), ((0.55, 0.5, 0.6), "no-go"), ((0.5, 0.45, 0.55), "no-go"), ((0.3, 0.2, 0.4), "no-go")],
)
def test_a_go_needs_an_interval_above_the_majority(accuracy: tuple[float, float, float], level: str) -> None:
    assert verdict(with_accuracy(*accuracy)).level == level


def test_leaks_and_few_photos_call_for_care() -> None:
    assert verdict(made_up.dirty()).level == "care"
    assert "too few" in plain(verdict(made_up.tiny()).reason)


def test_photos_seen_in_training_never_count() -> None:
    contents = made_up.with_seen_photos()
    assert contents.honest is contents.without_seen
    assert "of 120 photos right" in plain(verdict(contents).sentence)
    assert (
        "280 of 400 photos were in training, themselves, as a copy or with their group. "
        "Every figure on this page leaves them out." in texts(contents)
    )
    nothing_new = replace(contents, without_seen=None)
    assert verdict(nothing_new).level == "no-go"
    assert any("No others are left" in text for text in texts(nothing_new))


def test_leaks_that_are_left_out_don_t_spoil_the_figure() -> None:
    contents = made_up.dirty()
    contents = replace(contents, seen=("test/c.jpg",), without_seen=contents.evaluation)
    assert verdict(contents).level == "go"
    assert "1 group of equal pictures lies on both sides of the given split." in texts(contents)


def test_a_full_list_of_suspicious_labels_may_not_be_all() -> None:
    contents = made_up.two_classes()
    labels = contents.evaluation.mistakes[:1] * LISTED
    contents = replace(contents, evaluation=replace(contents.evaluation, suspicious_labels=labels))
    assert "24 labels or more look wrong: check them first." in texts(contents)


def test_weights_that_do_not_help_are_said_not_to() -> None:
    contents = made_up.two_classes()
    control = Control(400, Interval(0.9, 0.8, 1), Interval(0.9, 0.8, 1), Interval(0.0, -0.02, 0.02))
    contents = replace(contents, control=control)
    assert "not shown to help (\u22122.0 to +2.0 points over random ones)" in plain(verdict(contents).sentence)
    assert any("not shown to help here" in text for text in texts(contents))


def test_dirty_data_raises_every_alert_warnings_first() -> None:
    contents = made_up.dirty()
    said = texts(contents)
    for part in (
        "both sides of the given split",
        "different labels",
        "2 of 242 files",
        "4.0 times",
        "1 photo is usable",
    ):
        assert any(part in text for text in said), part
    levels = [alert.level for alert in alerts(contents)]
    assert levels == sorted(levels, reverse=True)


def test_clean_data_raises_no_warning() -> None:
    contents = made_up.two_classes()
    contents = replace(contents, evaluation=replace(contents.evaluation, suspicious_labels=()))
    assert texts(contents) == []


def test_bad_figures_raise_alerts() -> None:
    contents = made_up.two_classes()
    never = tuple(replace(result, recall=Interval(0.0, 0.0, 0.01)) for result in contents.evaluation.per_class)
    evaluation = replace(
        contents.evaluation,
        per_class=never,
        balanced_accuracy=Interval(0.6, 0.5, 0.7),
        calibration_error=Interval(0.09, 0.06, 0.12),
        prediction_sets=replace(contents.evaluation.prediction_sets, observed=Interval(0.9, 0.88, 0.93)),
    )
    said = texts(replace(contents, evaluation=evaluation))
    assert "No photo of \u2018cat\u2019 and \u2018dog\u2019 was recognized." in said
    assert "Small classes fare worse: balanced accuracy is only 60.0 %." in said
    assert "Probabilities are off by 9.0 % on average: don't take them literally." in said
    assert "Prediction sets promise 95.0 % but hold the label for 90.0 % only." in said


def test_small_classes_come_with_how_unsure_they_are() -> None:
    caveat = plain(small_sample_caveat(made_up.tiny().evaluation))
    assert caveat.startswith("Every class has fewer than 30 evaluated photos")
    assert "with 4 photos, a recall of 75.0 %" in caveat
    assert small_sample_caveat(made_up.two_classes().evaluation) == ""


def test_classes_without_photos_come_last() -> None:
    results = made_up.dirty().evaluation.per_class
    empty = replace(results[0], name="absent", support=0, f1=Interval(0.0, 0.0, 1.0))
    ordered = worst_first((empty, *results))
    assert ordered[-1].name == "absent"
    assert [r.f1.value for r in ordered[:-1]] == sorted(r.f1.value for r in results)


def test_the_way_that_was_kept_is_noted() -> None:
    (note,) = [alert for alert in alerts(made_up.fine_tuned()) if alert.section == "ways"]
    assert note.level == "note"
    assert "fine-tuning was kept" in note.text


def test_a_fit_that_diverged_is_a_warning() -> None:
    (warning,) = [alert for alert in alerts(made_up.fine_tuned()) if alert.section == "tuning"]
    assert warning.level == "warning"
    assert warning.text == (
        "Fine-tuning, fold4, went wrong: the loss became inf at step 17. The best weights before that count."
    )
    assert not [alert for alert in alerts(made_up.not_tuned()) if alert.section == "tuning"]


def test_more_photos_are_a_note_where_they_would_help() -> None:
    (note,) = [alert for alert in alerts(made_up.fine_tuned()) if alert.section == "more-photos"]
    assert (note.level, plain(note.text).startswith("More photos would help. With twice the photos")) == ("note", True)
    assert not [alert for alert in alerts(made_up.not_tuned()) if alert.section == "more-photos"]


def test_classes_that_could_not_be_measured_are_named() -> None:
    contents = made_up.lone_class()
    assert (verdict(contents).level, plain(verdict(contents).reason)) == (
        "care", "Better than always answering \u2018cat\u2019, but 1 class could not be measured.",
    )  # fmt: skip
    assert texts(contents)[0] == (
        "How well \u2018owl\u2019 is recognized could not be measured: all photos there are were learned from. Every "
        "figure is for photos of the 2 other classes; taking one of those for it counts as a mistake. Add another "
        "photo of it, no copy of the first."
    )
    many = replace(contents, unmeasured=("a", "b", "c", "d"))
    assert "How well \u2018a\u2019, \u2018b\u2019, \u2018c\u2019 and 1 more are recognized" in plain(
        unmeasured_sentence(many)
    )
    assert unmeasured_sentence(made_up.two_classes()) == ""


def test_what_a_defense_buys_and_costs_is_noted() -> None:
    (note,) = [alert for alert in alerts(made_up.hardened()) if alert.section == "defense"]
    assert note.level == "note"
    assert note.text.startswith("Withstands attacks better: ")
