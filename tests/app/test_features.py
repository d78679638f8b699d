"""`enxerto features` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from app_runs import Run
from safetensors.torch import save_file
from tiny_engines import write_photo
from tiny_networks import tiny_weights


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo in the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    return write_photo(tmp_path / "cat.png", 1, 40)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Options for a tiny network with random weights."""
    weights = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny_weights(), weights)
    return "--backbone", "test_resnet", "--weights", weights


def test_a_table_on_stdout_and_pictures_in_a_directory(run: Run, photo: Path, tiny: tuple[object, ...]) -> None:
    ended = run("features", photo, *tiny, "--class", "tabby")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("cat.png: ")
    assert lines[1] == "effects are on tabby; channels are ordered by effect"
    assert [line.split()[0] for line in lines[5:]] == ["conv1", "act1", "layer1", "layer2", "layer3", "layer4"]
    out = photo.parent / "features-cat"
    assert ended.err.endswith(f"\npictures  features-cat\npage      {out / 'features.html'}\n")
    assert len(list(out.glob("*.png"))) == 7
    assert f"enxerto features {photo} --backbone test_resnet" in (out / "features.html").read_text()
    again = run("features", photo, *tiny)
    assert (again.code, again.out) == (2, "")
    assert again.last == (
        "enxerto: there is a directory of feature maps at features-cat already; pass --force to replace it"
    )
    assert run("features", photo, *tiny, "--layer", "layer4", "--force", "-q").err == ""
    assert len(list(out.glob("*.png"))) == 2


def test_json_on_stdout(run: Run, photo: Path, tiny: tuple[object, ...]) -> None:
    twin = write_photo(photo.parent / "twin.png", 2, 40)
    ended = run("features", photo, twin, *tiny, "--layer", "layer4", "--rank", "difference", "--svg", "--json", "-q")
    assert (ended.code, ended.err) == (0, "")
    (layer,) = ended.json["layers"]
    assert (layer["name"], len(layer["channels"]), len(layer["dead"])) == ("layer4", 96, 2)
    assert sorted(path.name for path in (photo.parent / "features-cat").glob("*.svg")) == [
        "01-layer4-difference.svg", "01-layer4-first-photo.svg", "01-layer4-second-photo.svg",
    ]  # fmt: skip


def test_layers_are_listed_without_photos_and_weights(run: Run) -> None:
    ended = run("features", "--list-layers", "--backbone", "vgg16")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].split() == ["layer", "kind", "maps", "default"]
    assert ["features.29", "ReLU", "512", "x", "14", "x", "14", "*"] in [line.split() for line in lines]
    assert lines[-1] == "* drawn by default: 13 of 32; name others with --layer"
    listed = json.loads(run("features", "--list-layers", "--backbone", "test_vit", "--json").out)
    assert listed["kind"] == "layers"
    assert [layer["name"] for layer in listed["result"] if layer["default"]][-1] == "norm"


def test_layers_of_a_saved_model(run: Run, shared_model: Path) -> None:
    ended = run("features", "--list-layers", "--model", shared_model)
    assert ended.code == 0
    assert "blocks.6" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "Missing argument 'PHOTOS...'"),
        (("cat.png", "--model", "m", "--backbone", "vgg16"), 2, "--model brings its own network"),
        (("cat.png", "--model", "m"), 2, "enxerto: there is no model at m"),
        (("gone.png",), 1, "enxerto: gone.png: no such file (vanished)"),
        (("cat.png", "cat.png", "cat.png"), 2, "enxerto: give one photo, or two to compare them; got 3"),
        (("cat.png", "--layer", "blocks.66"), 2, "enxerto: unknown layer 'blocks.66'; did you mean blocks.6"),
        (("cat.png", "--class", "tabbi"), 2, "enxerto: unknown class 'tabbi'; did you mean tabby"),
        (("cat.png", "--rank", "size"), 2, "Invalid value for '--rank'"),
        (("--list-layers", "--backbone", "vgg61"), 2, "enxerto: unknown backbone 'vgg61'; did you mean"),
    ],
)
@pytest.mark.usefixtures("photo")
def test_what_is_wrong_is_answered_in_one_line(arguments: tuple[str, ...], code: int, message: str, run: Run) -> None:
    ended = run("features", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.last
    assert not Path("features-cat").exists()
