from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from enxerto.classifier import Classifier
from enxerto.data import Limits, write_digits
from enxerto.errors import DataError, IntegrityError, OptionError
from enxerto.evaluation.intervals import paired_difference
from enxerto.features import precision
from enxerto.jobs import Trained, rerender, train
from enxerto.jobs.training import agreement
from enxerto.jobs.training import train as training_job
from enxerto.report import from_json
from enxerto.tuning import Team

pytestmark = pytest.mark.usefixtures("warm_home")


@pytest.fixture(scope="module")
def few(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve faces and twelve others; not to be changed."""
    return copy_some(faces, tmp_path_factory.mktemp("few") / "few", range(12))


def copy_some(faces: Path, target: Path, numbers: Any) -> Path:
    for label in ("face", "other"):
        (target / label).mkdir(parents=True)
        for number in numbers:
            name = f"{label}_{number:03d}.png"
            shutil.copy(faces / label / name, target / label / name)
    return target


def quick(source: Path, output: Path | None = None, **options: Any) -> Trained:
    """Train without control, in fp32, on OpenVINO, whatever the machine has."""
    return train(source, output, **({"control": False, "precision": "fp32", "device": "openvino"} | options))


def test_a_classifier_comes_with_its_figures_and_its_report(few: Path) -> None:
    trained = quick(few, seed=3)
    contents = trained.contents
    assert trained.path is None
    assert trained.evaluation is contents.evaluation
    assert trained.evaluation.photos == 24
    assert trained.evaluation.accuracy.value > 0.8
    assert trained.evaluation.protocol == "5-fold cross-validation"
    assert (contents.title, contents.source, contents.seed) == ("few", str(few), 3)
    assert contents.command == f"enxerto train {few}"
    assert (contents.engine, contents.precision_note) == ("openvino fp32", "fp32: asked for")
    assert [name for name, _ in contents.seconds] == [
        "listing", "backbone", "features", "data health", "head", "evaluation", "learning curve", "control",
        "agreement",
    ]  # fmt: skip
    assert (contents.control, contents.seen, contents.without_seen) == (None, (), None)
    assert "few" in trained.html
    assert {p.label for p in trained.classifier.predict(few / "face")} == {"face"}


def test_a_saved_model_carries_split_results_and_report(few: Path, tmp_path: Path) -> None:
    trained = quick(few, tmp_path / "model", command="typed this")
    assert trained.path == tmp_path / "model"
    files = {file.name for file in trained.path.iterdir()}
    assert {
        "model.json",
        "head.safetensors",
        "backbone.safetensors",
        "split.csv",
        "results.json",
        "report.html",
    } <= files
    assert (trained.path / "report.html").read_text() == trained.html
    assert from_json((trained.path / "results.json").read_bytes()) == trained.contents
    assert trained.contents.command == "typed this"
    assert rerender(trained.path) == trained.html


def test_a_slim_model_has_no_backbone(few: Path, tmp_path: Path) -> None:
    quick(few, tmp_path / "model", slim=True)
    assert not (tmp_path / "model" / "backbone.safetensors").exists()


def test_the_saved_split_makes_the_same_model_again(few: Path, tmp_path: Path) -> None:
    first = quick(few, tmp_path / "model", seed=1)
    again = quick(few, split=tmp_path / "model" / "split.csv", seed=1)
    assert again.evaluation.confusion == first.evaluation.confusion
    assert again.evaluation.log_loss == first.evaluation.log_loss


def test_the_same_seed_gives_the_same_head(few: Path) -> None:
    heads = [quick(few, seed=2, cache=cache).classifier.probe for cache in (True, True, False)]
    weights = [probe.head.weight for probe in heads if probe is not None]
    assert len(weights) == 3
    assert all(np.array_equal(weight, weights[0]) for weight in weights)


def test_without_the_cache_no_feature_is_kept(few: Path, home: Path) -> None:
    quick(few, cache=False, precision="bf16")
    assert not list(home.glob("features/*"))
    quick(few)
    assert len(list(home.glob("features/*.sqlite"))) == 1


def test_what_is_held_out_is_not_learned_from(few: Path) -> None:
    trained = quick(few, holdout=0.25)
    assert trained.evaluation.photos == 6
    assert len(trained.classifier.learned_from) == 18
    assert len(quick(few).classifier.learned_from) == 24


def test_classes_can_count_the_same(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(16))
    for number in range(4, 16):
        (source / "other" / f"other_{number:03d}.png").unlink()
    plain, balanced = (quick(source, class_weight=weight, folds=2) for weight in (None, "balanced"))
    assert plain.classifier.probe is not None
    assert balanced.classifier.probe is not None
    assert not np.array_equal(plain.classifier.probe.head.bias, balanced.classifier.probe.head.bias)
    assert plain.evaluation.majority == 0.8


def test_copies_of_training_photos_on_the_test_side_are_named_and_left_out(faces: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    copy_some(faces, source / "train", range(10))
    copy_some(faces, source / "test", range(10, 15))
    shutil.copy(source / "train/face/face_003.png", source / "test/face/copy.png")
    with Image.open(source / "train/other/other_004.png") as twin:
        twin.save(source / "test/other/twin.bmp")  # other bytes, the same photo
    trained = quick(source)
    assert trained.contents.evaluation.photos == 12
    assert trained.contents.seen == ("test/face/copy.png", "test/other/twin.bmp")
    assert trained.contents.without_seen is not None
    assert trained.contents.without_seen.photos == 10
    assert trained.contents.without_seen.protocol == trained.contents.evaluation.protocol
    assert trained.evaluation is trained.contents.without_seen
    leaks = [group for group in trained.contents.health.duplicates if len(group.splits) > 1]
    assert [group.paths for group in leaks] == [
        ("test/face/copy.png", "train/face/face_003.png"), ("test/other/twin.bmp", "train/other/other_004.png"),
    ]  # fmt: skip


def test_where_every_test_photo_is_a_copy_nothing_is_left_to_measure(faces: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    copy_some(faces, source / "train", range(10))
    copy_some(faces, source / "test", range(3))
    trained = quick(source)
    assert len(trained.contents.seen) == 6
    assert trained.contents.without_seen is None


def test_photos_that_can_t_be_read_are_named_and_left_out(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(6))
    (source / "face" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    trained = quick(source)
    assert trained.evaluation.photos == 12
    assert [issue.path for issue in trained.contents.health.skipped] == ["face/broken.png"]


def test_auto_is_fp32_where_the_cpu_has_no_bf16(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda: False)
    trained = quick(few, precision="auto")
    assert trained.contents.engine == "openvino fp32"
    assert trained.contents.precision_note == "fp32: this CPU has no native bf16"


def test_auto_is_bf16_where_the_cpu_has_it_and_says_how_well_it_agrees(
    few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda: True)
    monkeypatch.setattr(precision, "REQUIRED_COSINE", 0.9)
    trained = quick(few, precision="auto")
    note = trained.contents.precision_note
    assert trained.contents.engine == "openvino bf16"
    assert (found := re.match(r"bf16: bf16 features of 16 of these photos have a mean cosine of (\d\.\d+)", note))
    assert 0.99 <= float(found[1]) <= 1
    assert "the saved model predicts in fp32: on 16 of these photos it gives the same class for 16" in note


def test_auto_is_fp32_where_bf16_doesn_t_agree(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda: True)
    monkeypatch.setattr(precision, "REQUIRED_COSINE", 1.1)
    trained = quick(few, precision="auto")
    assert trained.contents.engine == "openvino fp32"
    assert trained.contents.precision_note.startswith(
        "fp32: bf16 features of 16 of these photos have a mean cosine of "
    )


def test_limits_hold_for_the_comparison_of_precisions_too(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a photo that only a raised limit lets in would be missing from one of the two."""
    given: list[Limits | None] = []

    def extract(*arguments: Any, limits: Limits | None) -> Any:
        given.append(limits)
        return original(*arguments, limits=limits)

    original = agreement.extract
    monkeypatch.setattr(agreement, "extract", extract)
    trained = quick(few, precision="bf16", limits=Limits(pixels=1000))
    assert given == [Limits(pixels=1000)]
    assert "on 16 of these photos" in trained.contents.precision_note


def test_photos_beyond_the_limit_are_left_out(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(6))
    Image.new("RGB", (40, 40), (9, 9, 9)).save(source / "face" / "big.png")
    trained = quick(source, limits=Limits(pixels=1000))
    assert [issue.path for issue in trained.contents.health.skipped] == ["face/big.png"]
    assert trained.evaluation.photos == 12


@pytest.mark.parametrize("wrong", [{"precision": "fp16"}, {"device": "gpu"}, {"holdout": 1.5}, {"folds": 1}])
def test_impossible_options_are_refused(wrong: dict[str, Any], few: Path) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(wrong))}.* (must|between) "):
        quick(few, **wrong)


def test_an_output_that_exists_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.tex").write_text("precious")
    with pytest.raises(OptionError, match=r"there is something that is no model at .*choose another path"):
        quick(tmp_path / "no such photos", tmp_path / "model", force=True)
    assert (tmp_path / "model" / "thesis.tex").read_text() == "precious"


def test_a_model_is_replaced_only_by_force(few: Path, tmp_path: Path) -> None:
    quick(few, tmp_path / "model", slim=True, seed=1)
    with pytest.raises(OptionError, match=r"there is a model at .*model already; pass --force to replace it"):
        quick(few, tmp_path / "model", slim=True, seed=2)
    quick(few, tmp_path / "model", slim=True, seed=2, force=True)
    assert from_json((tmp_path / "model" / "results.json").read_bytes()).seed == 2


def test_one_class_is_not_enough(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(3))
    shutil.rmtree(source / "other")
    with pytest.raises(DataError, match="a classifier needs two classes or more, found only one, 'face'"):
        quick(source)


def test_nothing_readable_is_said_so(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(3))
    for file in source.glob("*/*"):
        file.write_bytes(b"no photo")
    with pytest.raises(DataError, match=r"none of the 6 files in .* can be read as a photo"):
        quick(source)


def test_a_report_finds_photos_that_were_moved(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(10))
    for number in range(3):  # mistakes for certain: faces that are called others
        (source / "face" / f"face_{number:03d}.png").rename(source / "other" / f"face_{number:03d}.png")
    trained = quick(source, tmp_path / "model")
    assert "data:image" in trained.html
    moved = source.rename(tmp_path / "moved")
    assert rerender(tmp_path / "model").count("data:image") < trained.html.count("data:image")
    assert rerender(tmp_path / "model", moved) == trained.html
    with pytest.raises(DataError, match="doesn't exist"):
        rerender(tmp_path / "model", tmp_path / "nowhere")


def test_no_report_of_a_damaged_model(model: Path) -> None:
    (model / "results.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match=r"results\.json"):
        rerender(model)


def write_rows(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_folds_of_a_file_that_part_copies_are_named_as_leaks(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(8))
    shutil.copy(source / "face/face_000.png", source / "face/copy.png")
    names = [path.relative_to(source).as_posix() for path in sorted(source.glob("*/*"))]
    folds = {"face/copy.png": 0, "face/face_000.png": 1}
    rows = [f"{name},fold{folds.get(name, number % 2)}" for number, name in enumerate(names)]
    trained = quick(source, split=write_rows(tmp_path / "folds.csv", "path,split", rows))
    assert trained.contents.seen == ("face/copy.png", "face/face_000.png")
    assert trained.evaluation.photos == 15
    assert [group.splits for group in trained.contents.health.leaks] == [("fold0", "fold1")]


def test_a_group_on_both_sides_of_a_given_split_is_a_leak(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(8))
    rows = []
    for path in sorted(source.glob("*/*")):
        number = int(path.stem[-3:]) % 100
        group = "patient" if path.stem in ("face_000", "face_007") else path.stem
        rows.append(f"{path},{path.parent.name},{'test' if number >= 6 else 'train'},{group}")
    trained = quick(write_rows(tmp_path / "photos.csv", "path,label,split,group", rows))
    assert [Path(name).stem for name in trained.contents.seen] == ["face_007"]
    assert trained.evaluation.photos == 3


def test_a_split_file_may_name_photos_that_can_t_be_read(faces: Path, tmp_path: Path) -> None:
    source = copy_some(faces, tmp_path / "photos", range(6))
    (source / "face/face_001.png").write_bytes(b"no photo")
    names = [path.relative_to(source).as_posix() for path in sorted(source.glob("*/*"))]
    rows = [f"{name},{'test' if name.endswith(('4.png', '5.png')) else 'train'}" for name in names]
    trained = quick(source, split=write_rows(tmp_path / "split.csv", "path,split", rows))
    assert (trained.evaluation.photos, len(trained.classifier.learned_from)) == (4, 7)
    with pytest.raises(OptionError, match="`split` and `holdout` exclude each other"):
        quick(source, split=tmp_path / "split.csv", holdout=0.5)


def test_a_holdout_beside_a_given_split_is_refused(faces: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    copy_some(faces, source / "train", range(4))
    copy_some(faces, source / "test", range(4, 6))
    with pytest.raises(OptionError, match="a split is given already; leave `holdout` out"):
        quick(source, holdout=0.5)


def test_the_layer_is_chosen_and_used_again(few: Path, tmp_path: Path) -> None:
    trained = quick(few, tmp_path / "model", layer="auto", size_px=64, control=True, scratch=True, curve=False)
    contents = trained.contents
    assert contents.layers is not None
    names = [score.name for score in contents.layers.scores]
    assert names[-2:] == ["last", "last:2x2"]
    assert "blocks.2:2x2" in names
    assert len(contents.layers.rounds) == 5
    assert set(contents.layers.rounds) <= set(names)
    chosen = contents.layers.chosen.name
    ways = [candidate.name for candidate in contents.candidates]
    assert ways == ([] if chosen == "last" else ["linear probe", f"probe on layer {chosen}"])
    kept = next((candidate.name for candidate in contents.candidates if candidate.kept), "linear probe")
    assert str(trained.classifier.backbone.tap) == ("last" if kept == "linear probe" else chosen)
    assert contents.scratch is not None
    assert contents.domain is not None
    assert 0 < contents.domain.share.value < 1.5
    again = Classifier.load(tmp_path / "model", device="openvino")
    assert again.backbone.tap == trained.classifier.backbone.tap
    assert again.predict(few / "face") == trained.classifier.predict(few / "face")
    assert rerender(tmp_path / "model") == trained.html


def test_a_layer_is_typed_with_its_grid(few: Path) -> None:
    trained = quick(few, layer="blocks.2:2x2", curve=False)
    assert (trained.contents.backbone.layer, trained.contents.backbone.pooling) == ("blocks.2", "grid2")
    assert trained.classifier.probe is not None
    assert trained.classifier.probe.head.weight.shape == (2, 4 * 40)


def test_digits_are_told_apart_by_an_earlier_layer(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    every, some = write_digits(tmp_path / "every"), tmp_path / "some"
    for digit in map(str, range(10)):
        (some / digit).mkdir(parents=True)
        for photo in sorted((every / digit).iterdir())[:20]:
            shutil.copy(photo, some / digit)
    view = {"size_px": 96, "crop": 1.0, "curve": False}
    last, earlier = quick(some, **view), quick(some, layer="blocks.3:2x2", **view)
    assert last.judged is not None
    assert earlier.judged is not None
    gain = paired_difference(earlier.judged.right, last.judged.right, last.judged.groups)
    assert gain.low > 0
    assert earlier.evaluation.accuracy.value > 0.95


def test_layer_auto_is_refused_to_several_processes(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_job, "join_team", lambda: Team(0, 2))
    with pytest.raises(OptionError, match="`layer` auto is chosen by a single process"):
        quick(few, layer="auto")


def test_layer_auto_chooses_the_pooling_too(few: Path) -> None:
    with pytest.raises(OptionError, match="`layer` auto chooses the pooling, too, got `pooling` 'max'"):
        quick(few, layer="auto", pooling="max")
