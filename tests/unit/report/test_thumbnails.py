from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enxerto.report.thumbnails import MOST_BYTES, make_thumbnails


def saved(path: Path, size: tuple[int, int], **options: object) -> Path:
    Image.new("RGB", size, (200, 30, 30)).save(path, **options)
    return path


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 320), (160, 80)), ((300, 600), (80, 160)), ((50, 40), (50, 40)), ((4000, 3), (160, 1))],
)
def test_the_long_side_is_shrunk_and_never_enlarged(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    thumbnails = make_thumbnails({"a": saved(tmp_path / "a.jpg", size)})
    picture = opened(thumbnails["a"])
    assert picture.size == expected
    assert picture.format == "WEBP"


def test_metadata_is_gone_and_the_picture_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "my home address"
    path = saved(tmp_path / "a.jpg", (200, 100), exif=exif)
    content = make_thumbnails({"a": path})["a"]
    assert b"my home address" in path.read_bytes()
    assert b"my home address" not in content
    assert not opened(content).getexif()
    assert opened(content).size == (80, 160)


def test_unreadable_photos_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"not a photo")
    good = saved(tmp_path / "good.png", (30, 30))
    paths = {"bad": tmp_path / "bad.jpg", "gone": tmp_path / "gone.jpg", "folder": tmp_path, "good": good}
    assert list(make_thumbnails(paths)) == ["good"]


@pytest.mark.parametrize("side_px", [160, 900])
def test_even_noise_stays_within_the_size_limit(tmp_path: Path, side_px: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    thumbnails = make_thumbnails({"noise": tmp_path / "noise.png"}, side_px)
    assert 0 < len(thumbnails["noise"]) <= MOST_BYTES


def test_the_same_photo_gives_the_same_bytes(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", (300, 200))
    assert make_thumbnails({"a": path}) == make_thumbnails({"a": path})
