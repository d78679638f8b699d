from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.data import cat_photo, decode
from enxerto.errors import PhotoError
from enxerto.visualize.ideal.verification import Verifier, agreement, opinions_on, views_of
from enxerto.visualize.render.encoding import png


@pytest.fixture(scope="module")
def lite() -> Verifier:
    """The embedded network, asked about a tabby and, as a stand-in for a trained model's class, about cats."""
    classifier = Classifier.from_backbone(device="torch")
    return Verifier("lite0", classifier, "itself", {"tabby": (281,), "cats": (281, 282, 285), "zebra": (340,)})


def test_a_network_says_of_a_file_what_it_predicts_for_it(lite: Verifier, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(png(cat_photo()))
    saved, *others = opinions_on(path, [lite], "tabby")
    (predicted,) = lite.classifier.predict(path)
    assert (saved.network, saved.relation, saved.view) == ("lite0", "itself", "as saved")
    assert saved.best[0] == (predicted.label, pytest.approx(predicted.probability, abs=1e-5))
    assert saved.probability == pytest.approx(predicted.probabilities[281], abs=1e-5)
    assert saved.rank == 1 + sum(p > predicted.probabilities[281] for p in predicted.probabilities)
    assert len(saved.best) == 5
    assert [each.view for each in others] == [
        "top left crop", "top right crop", "bottom left crop", "bottom right crop", "JPEG 75", "JPEG 40",
    ]  # fmt: skip
    assert len({each.probability for each in (saved, *others)}) == 7


def test_what_is_judged_is_the_file_on_the_disk(lite: Verifier, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(png(cat_photo()))
    before = opinions_on(path, [lite], "tabby")[0]
    path.write_bytes(png(np.full((300, 300, 3), 90, dtype=np.uint8)))
    after = opinions_on(path, [lite], "tabby")[0]
    assert before.rank <= 5
    assert after.rank > 5
    path.write_bytes(b"")
    with pytest.raises(PhotoError, match="empty"):
        opinions_on(path, [lite], "tabby")


def test_of_several_classes_the_best_gives_the_rank_and_all_the_probability(lite: Verifier, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(png(cat_photo()))
    one, several = (opinions_on(path, [lite], target)[0] for target in ("tabby", "cats"))
    assert several.rank == 1
    assert several.probability > one.probability
    nobody = opinions_on(path, [lite], "quetzal")[0]
    assert (nobody.rank, nobody.probability, nobody.best) == (0, 0.0, one.best)


def test_views_are_files_and_crops_keep_the_corners() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    views = views_of(png(image))
    crops = {name: decode(content).image for name, content in views.items()}
    assert np.array_equal(crops["as saved"], image)
    assert np.array_equal(crops["top left crop"], image[:40, :32])
    assert np.array_equal(crops["bottom right crop"], image[10:, 8:])
    assert not np.array_equal(crops["JPEG 75"], image)
    assert views_of(png(image[:1, :1]))


def test_all_must_agree_to_stop(lite: Verifier) -> None:
    stubborn = Verifier("other", lite.classifier, "sibling", {"cats": (340,)})
    images = np.stack([cat_photo()[:, :300], np.full((300, 300, 3), 90, dtype=np.uint8)])
    assert agreement([lite])(images, ["cats", "cats"]).tolist() == [True, False]
    assert agreement([lite])(images, ["zebra", "quetzal"]).tolist() == [False, False]
    assert agreement([lite, stubborn])(images, ["cats", "cats"]).tolist() == [False, False]


def test_each_network_sees_the_file_in_its_own_size(lite: Verifier, tmp_path: Path) -> None:
    tiny = Classifier(tiny_network(), imagenet_classes(), device="torch")
    assert tiny.preprocessing.size_px != lite.classifier.preprocessing.size_px
    path = tmp_path / "cat.png"
    path.write_bytes(png(cat_photo()))
    found = opinions_on(path, [lite, Verifier("tiny", tiny, "unrelated", {"tabby": (281,)})], "tabby")
    assert [each.network for each in found] == ["lite0"] * 7 + ["tiny"] * 7
    assert found[7].probability == pytest.approx(tiny.predict(path)[0].probabilities[281], rel=1e-4)
