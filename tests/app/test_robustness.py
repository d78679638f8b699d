"""`enxerto robustness` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_runs import Run

pytestmark = pytest.mark.usefixtures("warm_home")

QUICK = ("--device", "torch", "--only", "corruptions", "-q")


@pytest.fixture
def few(faces: Path, tmp_path: Path) -> Path:
    """Two photos of each class."""
    for label in ("face", "other"):
        (tmp_path / "few" / label).mkdir(parents=True)
        for path in sorted((faces / label).iterdir())[:2]:
            (tmp_path / "few" / label / path.name).write_bytes(path.read_bytes())
    return tmp_path / "few"


def test_a_report_is_written_and_goes_on(run: Run, shared_model: Path, few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run("robustness", shared_model, few, "-o", out, "--device", "torch", "--only", "corruptions")
    assert (ended.code, ended.last) == (0, f"figures  {out / 'robustness.json'}")
    assert "right after: JPEG quality 25" in ended.out
    assert "The model has learned from all of these photos" in " ".join(ended.out.split())
    assert "Ordinary mishaps" in (out / "robustness.html").read_text()
    taken = run("robustness", shared_model, few, "-o", out, *QUICK)
    assert (taken.code, taken.out) == (2, "")
    assert "go on with it by --resume, or start anew with --force" in taken.last
    resumed = run("robustness", shared_model, few, "-o", out, "--resume", "--json", *QUICK)
    assert (resumed.code, resumed.err) == (0, "")
    assert resumed.json["measured"]["corruptions"]["clean"]["of"] == 4


def test_photos_that_can_not_be_read_end_with_3_where_that_is_asked_for(
    run: Run, shared_model: Path, few: Path
) -> None:
    (few / "face" / "broken.png").write_bytes(b"no photo")
    ended = run("robustness", shared_model, few, "--on-error", "fail", *QUICK)
    assert (ended.code, ended.err) == (3, "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("MODEL", "PHOTOS", "--minutes", "0"), 2, "0.0 is not in the range 0<x<=1000000.0"),
        (("MODEL", "PHOTOS", "--norms", "l2,max"), 2, "unknown norm 'max'; known: l0, l1, l2, linf"),
        (("MODEL", "PHOTOS", "--norms", ","), 2, "`norms` must name at least one of linf, l2, l1, l0"),
        (("MODEL", "PHOTOS", "--only", "curve"), 2, "unknown part 'curve'; did you mean curves?"),
        (("MODEL", "PHOTOS", "--resume"), 2, "--resume goes on with the report at an output; give it with -o"),
        (("MODEL", "PHOTOS", "--backbone", "lite0"), 2, "MODEL and --backbone exclude each other"),
        (("MODEL", "PHOTOS", "more"), 2, "expected [MODEL] PHOTOS, got 3 arguments"),
        (("no_such_net", "PHOTOS"), 2, "no_such_net is neither the directory of a saved model nor a backbone"),
        (("PHOTOS", "PHOTOS"), 6, "is no Enxerto model"),
        (("PHOTOS", "--backbone", "lite9"), 2, "lite9 is neither the directory of a saved model nor a backbone"),
        (("MODEL", "nothing"), 1, "nothing doesn't exist; give a folder of photos or a CSV file"),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    arguments: tuple[str, ...], code: int, message: str, run: Run, shared_model: Path, few: Path
) -> None:
    known = {"MODEL": shared_model, "PHOTOS": few}
    ended = run("robustness", *(known.get(each, each) for each in arguments), "--device", "torch")
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.last
