"""`enxerto attack` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_runs import Run
from PIL import Image

from enxerto.data.decode import decode

pytestmark = pytest.mark.usefixtures("warm_home")

QUICK = ("--device", "torch", "--steps", "8", "--confidence", "0")


@pytest.fixture
def face(faces: Path) -> Path:
    return faces / "face" / "face_001.png"


def test_a_face_becomes_something_else_and_the_file_is_verified(
    run: Run, shared_model: Path, face: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = run("attack", face, "--target", "other", "--model", shared_model, "-o", out, "--survive", "shift:1", *QUICK)
    assert ended.code == 0
    assert "survives shift:1" in ended.out
    assert ended.last == f"page  {out / 'attack.html'}"
    png = out / "face_001-other.png"
    pixels = decode(face.read_bytes()).image
    assert decode(png.read_bytes()).image.shape == pixels.shape
    check = ("attack", "--verify", png, face, "--model", shared_model, *QUICK)
    verified = run(*check)
    assert (verified.code, "it fools" in verified.out) == (0, True)
    Image.fromarray(pixels).save(png)
    undone = run(*check, "--json")
    assert (undone.code, undone.json["fools"], undone.json["change"]["pixels"]) == (1, False, 0)


def test_a_photo_that_can_not_be_fooled_within_its_budget_ends_with_1(run: Run, shared_model: Path, face: Path) -> None:
    arguments = ("--norm", "l0", "--budget", "1", "--device", "torch", "--steps", "1", "--confidence", "0.999")
    ended = run("attack", face, "--target", "other", "--model", shared_model, "--json", "-q", *arguments)
    assert (ended.code, ended.json["photos"][0]["fooled"], ended.err) == (1, False, "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--target", "othr"), 2, "unknown class 'othr'; did you mean other?"),
        (("--target", "face"), 2, "to begin with; choose another target"),
        (("--label", "other"), 2, "so that it is wrong to begin with; give a target"),
        (("--budget", "four"), 2, "a budget must be a fraction or a number, such as 4/255, got 'four'"),
        (("--budget", "300/255"), 2, "an linf budget can't be larger than 255/255"),
        (("--budget", "1/255", "--minimal"), 2, "--budget and --minimal exclude each other"),
        (("--backbone", "efficientnet_lite0"), 2, "--model and --backbone exclude each other"),
        (("--survive", "rain:2"), 2, "there is nothing called 'rain:2' to survive"),
        (("--verify", "x.png", "-o", "out"), 2, "--verify takes one original at most and writes nothing"),
        (("--verify", "x.png"), 1, "x.png: no such file (vanished)"),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    arguments: tuple[str, ...], code: int, message: str, run: Run, shared_model: Path, face: Path
) -> None:
    ended = run("attack", face, "--model", shared_model, "--device", "torch", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.last


def test_something_to_attack_is_needed(run: Run, shared_model: Path, tmp_path: Path) -> None:
    assert "give photos to attack, or --verify FILE" in run("attack", "--model", shared_model).last
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    ended = run("attack", broken, "--model", shared_model, "--device", "torch")
    assert (ended.code, ended.last.startswith(f"enxerto: {broken}: ")) == (1, True)


def test_an_ambiguous_name_of_imagenet_asks_for_the_index(run: Run, face: Path) -> None:
    ended = run("attack", face, "--target", "crane", "--device", "torch")
    assert ended.code == 2
    assert "class 'crane' could be 134 (" in ended.last
