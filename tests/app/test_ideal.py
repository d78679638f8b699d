"""`enxerto ideal` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from app_runs import Run

from enxerto.backbones import find
from enxerto.backbones.weights import is_present
from enxerto.cli.ideal import command
from enxerto.data import decode
from enxerto.jobs.imagining import gallery as ideal_gallery
from enxerto.report import ideal_from_json
from enxerto.visualize.ideal.knobs import KNOBS

QUICK = ("--device", "torch", "--steps", 2, "--frames", 1, "--size", 64)


def test_a_table_on_stdout_and_files_where_they_were_asked_for(run: Run, tmp_path: Path) -> None:
    ended = run("ideal", "zebra", "Siamese cat", *QUICK, "-o", tmp_path / "out", "--seed", 5)
    assert ended.code == 0
    assert ended.err.endswith(f"\npage  {tmp_path / 'out/ideal.html'}\n")
    assert {line.split(" ")[0] for line in ended.out.splitlines()} >= {"zebra-5", "Siamese-cat-5"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Siamese-cat-5.png", "ideal.html", "ideal.json", "sheet.png", "zebra-5.png",
    ]  # fmt: skip
    contents = ideal_from_json((tmp_path / "out/ideal.json").read_bytes())
    assert contents.command.startswith("enxerto ideal zebra 'Siamese cat' --device torch")
    asked = {opinion.network for card in contents.images for opinion in card.opinions}
    assert asked | {name for name, _ in contents.missing} >= {"efficientnet_lite0", "squeezenet1_1"}
    assert all(name in ended.out for name in asked)
    ended = run("ideal", "zebra", *QUICK, "-o", tmp_path / "out")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"enxerto: there is {tmp_path / 'out/ideal.html'} already and 2 more; pass --force")
    assert len(ended.err.splitlines()) == 1


def test_json_on_stdout_and_knobs_by_their_names(run: Run, tmp_path: Path) -> None:
    lesson = ("--recipe", "lesson", "--vary", "tv-weight=0,3")
    ended = run("ideal", "340", *QUICK, *lesson, "-o", tmp_path, "--film", "-q", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["kind"] == "ideal"
    images = ended.json["images"]
    assert [image["variation"] for image in images] == ["tv-weight 0", "tv-weight 3"]
    assert dict(images[1]["recipe"])["canvas"] == "pixels"
    assert decode((tmp_path / images[0]["file"]).read_bytes()).image.shape == (64, 64, 3)
    assert (tmp_path / images[0]["film"]).stat().st_size


def test_ctrl_c_keeps_what_was_finished_and_ends_with_130(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ideal_gallery.opinions_on
    asked = []

    def interrupted(path: Path, *rest: object) -> object:
        asked.append(path)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return original(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ideal_gallery, "opinions_on", interrupted)
    ended = run("ideal", "zebra", "tench", *QUICK, "-o", tmp_path)
    assert ended.code == 130
    assert ended.last == "enxerto: interrupted; what was finished is kept, and --resume makes the rest"
    contents = ideal_from_json((tmp_path / "ideal.json").read_bytes())
    assert ([card.name for card in contents.images], contents.unfinished) == (["zebra-0"], 1)
    monkeypatch.undo()
    assert run("ideal", "zebra", "tench", *QUICK, "-o", tmp_path, "--resume").code == 0
    whole = ideal_from_json((tmp_path / "ideal.json").read_bytes())
    assert ([card.name for card in whole.images], whole.unfinished) == (["zebra-0", "tench-0"], 0)
    assert whole.images[0].sha256 == contents.images[0].sha256


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ((), ["Error: Missing option '-o' / '--output'."]),
        (("-o", "x"), ["enxerto: give at least one class, by name or index"]),
        (("zebrra", "-o", "x"), ["enxerto: unknown class 'zebrra'; did you mean zebra or"]),
        (("zebra", "-o", "x", "--steps", "0"), ["enxerto: `steps` must be a whole number from 1 to 100000, got 0"]),
        (("zebra", "-o", "x", "--vary", "steps"), ["enxerto: vary steps needs at least one value, as in steps=0,1"]),
        (("zebra", "-o", "x", "--film-kind", "avi"), ["Error: Invalid value for '--film-kind': 'avi' is not one of"]),
        (
            ("crane", "2000", "-o", "x", "--size", "9999", "--noise", "loud"),
            [
                "enxerto: 4 things are wrong:",
                "- noise takes a number, got 'loud'",
                "- class 'crane' could be 134 (crane (n02012849)) or 517 (crane (n03126707)); give the index",
                "- class 2000 is beyond the last one; indices go from 0 to 999",
                "- `size_px` must be a whole number from 32 to 2048, got 9999",
            ],
        ),
    ],
)
def test_wrong_usage_is_answered_in_a_line_a_problem(run: Run, arguments: tuple[str, ...], lines: list[str]) -> None:
    ended = run("ideal", *arguments)
    assert (ended.code, ended.out) == (2, "")
    for said, expected in zip(ended.err.splitlines()[-len(lines) :], lines, strict=True):
        assert said.startswith(expected)
    assert not Path("x").exists()


def test_every_knob_is_an_option() -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert {f"--{knob.name}" for knob in KNOBS} <= options


@pytest.mark.skipif(not is_present(find("squeezenet1_1")), reason="the weights of SqueezeNet are an extra")
def test_a_photo_is_already_what_it_is(run: Run, tmp_path: Path) -> None:
    """From a photo of a tabby, next to no step towards one leaves a tabby to the networks."""
    from enxerto.data import cat_photo
    from enxerto.visualize.render.encoding import png

    photo = tmp_path / "cat.png"
    photo.write_bytes(png(np.ascontiguousarray(cat_photo()[:, 75:375])))
    ended = run(
        "ideal", "tabby", "--device", "torch", "--steps", 1, "--frames", 1, "--start", photo, "--learning-rate", 1e-6,
        "--verifier", "squeezenet1_1", "-o", tmp_path / "out", "--json", "-q",
    )  # fmt: skip
    (image,) = ended.json["images"]
    assert {opinion["network"] for opinion in image["opinions"]} == {"efficientnet_lite0", "squeezenet1_1"}
    assert all(opinion["rank"] <= 5 for opinion in image["opinions"] if opinion["view"] == "as saved")
