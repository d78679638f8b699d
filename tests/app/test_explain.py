"""`enxerto explain` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_runs import Run

from enxerto.visualize.attribution import through_captum

pytestmark = pytest.mark.usefixtures("warm_home")

QUICK = ("--method", "gradcam", "--device", "openvino", "--no-checks")


def test_a_model_explains_a_photo(run: Run, shared_model: Path, faces: Path, tmp_path: Path) -> None:
    photo = faces / "face" / "face_001.png"
    ended = run("explain", photo, "--model", shared_model, "-o", tmp_path / "out", *QUICK)
    assert (ended.code, "face_001.png" in ended.out) == (0, True)
    assert ended.last == f"page  {tmp_path / 'out' / 'explanation.html'}"
    again = run("explain", photo, "--model", shared_model, "-o", tmp_path / "out", *QUICK)
    assert (again.code, "pass --force" in again.err) == (2, True)


def test_json_names_the_nearest_training_photos(run: Run, shared_model: Path, faces: Path) -> None:
    ended = run("explain", faces / "face" / "face_001.png", "--model", shared_model, "--json", "-q", *QUICK)
    (photo,) = ended.json["photos"]
    assert photo["neighbors"][0]["name"] == "face/face_001.png"
    assert (ended.json["methods"][0]["sanity"], photo["maps"][0]["faithfulness"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--class", "fase"), 2, "unknown class 'fase'; did you mean face?"),
        (("--method", "gradcan"), 2, "unknown method 'gradcan'; did you mean gradcam?"),
        (
            ("--method", "occlusion"),
            2,
            "occlusion needs Captum, which is not installed; run: pip install 'enxerto[explain]'",
        ),
        (("--learned-from", "nowhere", "--backbone", "efficientnet_lite0"), 2, "exclude each other"),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    arguments: tuple[str, ...], code: int, message: str, run: Run, shared_model: Path, faces: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(through_captum, "find_spec", lambda _: None)
    ended = run("explain", faces / "face" / "face_001.png", "--model", shared_model, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.last


def test_photos_that_can_t_be_read_decide_the_exit_code(
    run: Run, shared_model: Path, faces: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    alone = run("explain", broken, "--model", shared_model, *QUICK)
    assert (alone.code, "none of the 1 photos can be read" in alone.last) == (1, True)
    both = ("explain", broken, faces / "face" / "face_001.png", "--model", shared_model, *QUICK)
    assert run(*both).code == 0
    failing = run(*both, "--on-error", "fail")
    assert (failing.code, "not read:" in failing.out) == (3, True)
    missing = run("explain", tmp_path / "nowhere.jpg", "--model", shared_model)
    assert (missing.code, "doesn't exist; give photos" in missing.last) == (1, True)
    no_model = run("explain", broken, "--model", tmp_path / "nowhere")
    assert (no_model.code, "there is no model at" in no_model.last) == (2, True)
