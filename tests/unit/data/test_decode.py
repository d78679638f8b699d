from __future__ import annotations

import io
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import simplejpeg
from bad_photos import (
    chunk,
    encoded,
    looping_tiff,
    many_frames_gif,
    png,
    png_bomb,
    rgb_png_16,
    scene,
    segment,
    text_bomb,
    tiff,
    tiled_tiff,
    with_orientation,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from enxerto.data.decode import DECODER, REASONS, WARNINGS, DecodedPhoto, Limits, decode
from enxerto.errors import PhotoError


def code_of(data: bytes, **options: object) -> str:
    """`good` or the code that decoding is refused with."""
    try:
        decoded = decode(data, **options)
    except PhotoError as error:
        return error.code if error.code in REASONS and error.detail else f"undocumented {error!r}"
    assert decoded.image.dtype == np.uint8
    assert decoded.image.shape[2:] == (3,)
    assert decoded.image.flags.c_contiguous
    assert decoded.image.flags.writeable
    assert all(code in WARNINGS for code, _ in decoded.warnings)
    return "good"


def warned(decoded: DecodedPhoto) -> list[str]:
    return [code for code, _ in decoded.warnings]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_is_told_by_its_content(kind: str) -> None:
    picture = scene()
    data = encoded(picture, kind)
    decoded = decode(data)
    assert (decoded.format, decoded.width, decoded.height, decoded.warnings) == (kind, 96, 64, ())
    expected = np.array(Image.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(decoded.image, expected)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_the_fast_path_gives_the_pixels_that_pillow_gives(subsampling: str, progressive: bool) -> None:
    data = encoded(scene(131, 77), subsampling=subsampling, progressive=progressive)
    assert np.array_equal(decode(data).image, np.array(Image.open(io.BytesIO(data))))


def test_a_gray_jpeg_has_three_equal_channels() -> None:
    data = encoded(scene()[:, :, 0])
    decoded = decode(data)
    assert decoded.mode == "L"
    assert np.array_equal(decoded.image[:, :, 2], np.array(Image.open(io.BytesIO(data))))
    assert np.array_equal(decoded.image[:, :, 0], decoded.image[:, :, 2])


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty", "no content"),
        (b"\xff", "not-an-image", "read are JPEG"),
        (b"just text, renamed", "not-an-image", "just tex"),
        (b"<!DOCTYPE html><html></html>", "not-an-image", "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported-format", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "unsupported-format", "SVG"),
        (b"%PDF-1.7", "not-an-image", "PDF"),
        (b"PK\x03\x04rest", "not-an-image", "ZIP"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "unsupported-format", "PostScript"),
        (b"8BPS\0\1", "unsupported-format", "Photoshop"),
        (b"\0\0\0\x20ftypheic", "unsupported-format", "HEIC"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "unsupported-format", "JPEG 2000"),
        (b"SIMPLE  =                    T", "unsupported-format", "FITS"),
    ],
)
def test_what_is_not_read_is_refused_in_words(content: bytes, code: str, words: str) -> None:
    with pytest.raises(PhotoError, match=words) as caught:
        decode(content)
    assert caught.value.code == code


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_anywhere_is_truncated(progressive: bool) -> None:
    data = encoded(scene(160, 120), quality=95, progressive=progressive)
    for sixteenth in range(1, 16):
        assert code_of(data[: len(data) * sixteenth // 16]) == "truncated", sixteenth


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_other_formats_cut_in_the_middle_are_refused(kind: str) -> None:
    data = encoded(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8), kind)
    assert code_of(data[: len(data) // 2]) in {"truncated", "unreadable"}


def test_garbage_after_the_end_of_a_jpeg_does_no_harm() -> None:
    data = encoded(scene())
    assert np.array_equal(decode(data + b"garbage" * 50).image, decode(data).image)


def test_a_slightly_damaged_jpeg_is_recovered_with_a_warning() -> None:
    data = encoded(scene())
    damaged = data[:20] + b"junk" + data[20:]
    decoded = decode(damaged)
    assert warned(decoded) == ["recovered"]
    assert np.array_equal(decoded.image, decode(data).image)


def test_a_png_with_a_wrong_checksum_is_unreadable() -> None:
    data = bytearray(encoded(scene(), "PNG"))
    data[29] ^= 0xFF  # in the checksum of IHDR
    with pytest.raises(PhotoError, match="damaged PNG") as caught:
        decode(bytes(data))
    assert caught.value.code == "unreadable"


def test_a_hundred_thousand_segments_are_read_over() -> None:
    data = encoded(scene())
    assert code_of(data[:2] + segment(0xE5, b"x" * 8) * 100_000 + data[2:]) == "good"


def test_a_jpeg_of_twelve_bits_is_unsupported() -> None:
    data = bytearray(encoded(scene()))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(PhotoError, match="12 bits") as caught:
        decode(bytes(data))
    assert caught.value.code == "unsupported-format"


def test_a_progressive_jpeg_of_very_many_scans_is_a_bomb() -> None:
    data = encoded(scene(), progressive=True)
    start = data.rindex(b"\xff\xda")
    with pytest.raises(PhotoError, match="scans") as caught:
        decode(data[:start] + data[start:-2] * 600 + data[-2:])
    assert caught.value.code == "bomb"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_the_limit_of_pixels_is_exact(kind: str) -> None:
    data = encoded(scene(20, 10), kind)
    assert code_of(data, limits=Limits(pixels=200)) == "good"
    with pytest.raises(PhotoError, match="20 x 10 pixels, allowed are 199") as caught:
        decode(data, limits=Limits(pixels=199))
    assert caught.value.code == "bomb"


def test_the_limit_of_bytes_is_exact() -> None:
    data = encoded(scene())
    assert code_of(data, limits=Limits(bytes=len(data))) == "good"
    with pytest.raises(PhotoError, match="bytes, allowed are") as caught:
        decode(data, limits=Limits(bytes=len(data) - 1))
    assert caught.value.code == "too-large"


@pytest.mark.parametrize(
    "content",
    [
        png_bomb(),
        text_bomb(b"zTXt"),
        text_bomb(b"iTXt"),
        b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff" * 2 + b"\0" * 8,
        b"RIFF\x1a\0\0\0WEBPVP8L\x0a\0\0\0\x2f" + b"\xff\xff\xff\xff" + b"\0" * 8,
        b"GIF89a\1\0\1\0\0\0\0\x2c\0\0\0\0\xff\xff\xff\xff\0\2\2\x44\1\0\x3b",
        b"GIF89a\1\0\1\0\0\0\0!\xfe\3abc\0\x2c\0\0\0\0\xff\xff\xff\xff\0\2\2\x44\1\0\x3b",
        b"BM" + bytes(12) + b"\x28\0\0\0" + b"\xff\xff\0\0" * 2 + b"\1\0\x18\0" + bytes(24),
    ],
    ids=["png", "zTXt", "iTXt", "webp-extended", "webp-lossless", "gif-frame", "gif-frame-after-comment", "bmp"],
)
def test_bombs_are_refused_before_pixels_are_allocated(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.core, "new", lambda *_: pytest.fail("pixels were allocated"))
    monkeypatch.setattr(Image.core, "fill", lambda *_: pytest.fail("pixels were allocated"))
    with pytest.raises(PhotoError) as caught:
        decode(content)
    assert caught.value.code == "bomb"


def test_pillows_own_limit_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    for kind in ("JPEG", "PNG", "BMP"):
        assert code_of(encoded(scene(20, 10), kind)) == "good"


def test_a_tiff_with_huge_tiles_is_a_bomb() -> None:
    with pytest.raises(PhotoError, match="tiles of 65000 x 65000") as caught:
        decode(tiled_tiff(65000))
    assert caught.value.code == "bomb"


def test_fifty_thousand_frames_cost_one() -> None:
    decoded = decode(many_frames_gif(50_000))
    assert warned(decoded) == ["animated"]
    assert decoded.image.shape == (4, 4, 3)


def test_a_tiff_whose_directories_go_in_circles_ends() -> None:
    assert code_of(looping_tiff()) == "good"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_applied_once(kind: str, value: int) -> None:
    picture = scene(96, 64)
    stored = encoded(picture, kind, **({"quality": 95} if kind == "JPEG" else {}))
    plain = Image.open(io.BytesIO(stored)).convert("RGB")
    plain.getexif()[0x0112] = value
    expected = np.array(ImageOps.exif_transpose(plain))
    decoded = decode(with_orientation(picture, kind, value))
    assert (decoded.width, decoded.height) == expected.shape[1::-1]
    assert np.array_equal(decoded.image, expected)


@pytest.mark.parametrize("value", [2, 5, 6, 7])
def test_orientation_is_applied_once_where_pillow_has_the_last_word(value: int) -> None:
    data = with_orientation(scene(), "JPEG", value)
    quantization = data.index(b"\xff\xdb")
    damaged = decode(data[:quantization] + b"junk" + data[quantization:])
    assert warned(damaged) == ["recovered"]
    assert np.array_equal(damaged.image, decode(data).image)
    assert (damaged.width, damaged.height) == (decode(data).width, decode(data).height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_nonsensical_orientation_is_passed_over(kind: str, value: int) -> None:
    assert np.array_equal(
        decode(with_orientation(scene(), kind, value)).image, decode(with_orientation(scene(), kind, 1)).image
    )


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II",
        b"XX\x2a\0\x08\0\0\0",
        b"II\x2a\0\xff\xff\xff\xff",
        b"II\x2a\0\x08\0\0\0\xff\xff",
        b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abc\0",
    ],
)
def test_hostile_metadata_costs_no_pixels(exif: bytes) -> None:
    data = encoded(scene())
    strange = data[:2] + segment(0xE1, b"Exif\0\0" + exif) + data[2:]
    assert np.array_equal(decode(strange).image, decode(data).image)
    if exif:
        assert np.array_equal(decode(encoded(scene(), "PNG", exif=exif)).image, scene())


def test_cmyk_as_adobe_writes_it() -> None:
    cmyk = Image.fromarray(scene()).convert("CMYK")
    decoded = decode(encoded(cmyk, quality=100, subsampling=0))
    assert decoded.mode == "CMYK"
    assert np.abs(decoded.image.astype(int) - scene()).mean() < 3


def test_alpha_lies_over_white() -> None:
    picture = np.zeros((1, 3, 4), np.uint8)
    picture[0, :, 3] = (0, 51, 255)
    for kind in ("PNG", "TIFF", "WEBP"):
        options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        decoded = decode(encoded(picture, kind, **options))
        assert decoded.image[0, :, 0].tolist() == [255, 204, 0], kind


def test_an_opaque_alpha_changes_nothing() -> None:
    picture = np.dstack([scene(), np.full((64, 96), 255, np.uint8)])
    assert np.array_equal(decode(encoded(picture, "PNG")).image, scene())


def test_gray_with_alpha_and_transparent_palettes_lie_over_white() -> None:
    gray = Image.new("LA", (2, 1), (0, 0))
    gray.putpixel((1, 0), (0, 255))
    assert decode(encoded(gray, "PNG")).image[0, :, 0].tolist() == [255, 0]
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        assert decode(encoded(palette, kind, transparency=0)).image[0].tolist() == [[255] * 3, [10, 20, 30]]
    assert decode(encoded(palette, "PNG", transparency=b"\xff\x00")).image[0].tolist() == [[0] * 3, [255] * 3]


def test_a_key_color_is_transparent() -> None:
    picture = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    decoded = decode(encoded(picture, "PNG", transparency=(1, 2, 3)))
    assert decoded.image[0].tolist() == [[255, 255, 255], [4, 5, 6]]


def test_one_bit_is_black_and_white() -> None:
    decoded = decode(encoded(Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1"), "PNG"))
    assert (decoded.mode, decoded.image[0, :, 0].tolist()) == ("1", [0, 255])


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 128, 257, 32768, 65535]], np.uint16)
    for data in (encoded(Image.fromarray(values), "PNG"), tiff(values)):
        decoded = decode(data)
        assert decoded.mode.startswith("I;16")
        assert decoded.image[0, :, 1].tolist() == [0, 0, 1, 128, 255]
    colored = decode(rgb_png_16(np.repeat(values[:, :, None], 3, axis=2)))
    assert colored.image[0, :, 1].tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize(
    ("values", "levels", "codes"),
    [
        (np.array([[0, 255]], np.int32), [0, 255], []),
        (np.array([[0, 257, 65535]], np.int32), [0, 1, 255], []),
        (np.array([[-1000, 0, 1000]], np.int32), [0, 128, 255], ["rescaled"]),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255], []),
        (np.array([[0.0, 128.0, 255.0]], np.float32), [0, 128, 255], []),
        (np.array([[-2.0, 2.0, np.nan, np.inf]], np.float32), [0, 255, 128, 128], ["rescaled"]),
        (np.array([[3e38, -3e38]], np.float32), [255, 0], ["rescaled"]),
        (np.array([[1e9, 1e9]], np.float32), [0, 0], ["rescaled"]),
    ],
)
def test_wide_numbers_follow_the_documented_rule(values: np.ndarray, levels: list[int], codes: list[str]) -> None:
    decoded = decode(tiff(values, sample_format=3 if values.dtype.kind == "f" else 2))
    assert decoded.image[0, :, 0].tolist() == levels
    assert warned(decoded) == codes


def test_lab_becomes_rgb() -> None:
    lab = np.array([[[255, 0, 0], [0, 0, 0], [138, 81, 70]]], np.uint8)  # white, black, red
    decoded = decode(tiff(lab, photometric=8))
    assert decoded.mode == "LAB"
    assert np.abs(decoded.image[0].astype(int) - [[255] * 3, [0] * 3, [255, 0, 0]]).max() <= 6


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_of_several_frames_is_used(kind: str) -> None:
    frames = [Image.fromarray(np.full((8, 8, 3), level, np.uint8)) for level in (200, 50, 100)]
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = decode(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert warned(decoded) == ["animated"]
    assert np.abs(decoded.image.astype(int) - 200).max() <= 1


def test_the_first_picture_of_a_multi_picture_jpeg_is_used() -> None:
    frames = [Image.fromarray(scene(seed=seed)) for seed in (1, 2)]
    decoded = decode(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert (decoded.format, warned(decoded)) == ("JPEG", ["animated"])
    assert np.abs(decoded.image.astype(int) - scene(seed=1)).mean() < 10


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_extreme_shapes_work(size: tuple[int, int], kind: str) -> None:
    decoded = decode(encoded(Image.new("RGB", size), kind), short_side_px=224)
    assert decoded.image.shape == (size[1], size[0], 3)


@pytest.mark.parametrize(
    ("short_side_px", "scale"), [(None, 1), (400, 1), (200, 2), (199, 2), (101, 2), (100, 4), (50, 8), (1, 8)]
)
def test_large_jpegs_are_decoded_small_by_powers_of_two(short_side_px: int | None, scale: int) -> None:
    data = encoded(scene(1201, 801))
    decoded = decode(data, short_side_px=short_side_px)
    assert decoded.image.shape == (-(-801 // scale), -(-1201 // scale), 3)
    assert (decoded.width, decoded.height) == (1201, 801)
    quantization = data.index(b"\xff\xdb")
    by_pillow = decode(data[:quantization] + b"junk" + data[quantization:], short_side_px=short_side_px)
    assert warned(by_pillow) == ["recovered"]
    assert np.array_equal(by_pillow.image, decoded.image)
    assert (by_pillow.width, by_pillow.height) == (1201, 801)


def test_other_formats_are_decoded_whole() -> None:
    assert decode(encoded(scene(400, 400), "PNG"), short_side_px=10).image.shape == (400, 400, 3)


def test_many_threads_get_the_same_pixels_and_leave_the_filters_alone() -> None:
    decode(looping_tiff())
    before = list(warnings.filters)
    inputs = [encoded(scene(seed=seed), kind) for seed in range(4) for kind in ("JPEG", "PNG", "TIFF")] * 4
    expected = [decode(data).image for data in inputs]
    barrier = threading.Barrier(4)

    def work(part: int) -> bool:
        barrier.wait()
        return all(np.array_equal(decode(inputs[i]).image, expected[i]) for i in range(part, len(inputs), 4))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert list(warnings.filters) == before


def test_odd_metadata_stays_quiet_even_where_warnings_are_errors() -> None:
    data = encoded(scene(8, 8), "TIFF")
    odd = data.replace(b"\x1c\x01\x03\0\x01\0\0\0", b"\x1c\x01\x03\0\x02\0\0\0")  # PlanarConfiguration, two
    assert odd != data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert code_of(odd) == "good"
        invalid_apng = png(1, 1, 8, 0, chunk(b"acTL", bytes(8)), chunk(b"IDAT", zlib.compress(b"\0\0")))
        assert code_of(invalid_apng) == "good"


@pytest.mark.parametrize("error", [MemoryError(), ValueError("odd"), RecursionError("deep"), KeyError("tag")])
def test_whatever_a_parser_raises_becomes_a_verdict(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    data = encoded(scene(), "PNG")
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    assert code_of(data) == ("bomb" if isinstance(error, MemoryError) else "unreadable")


SEEDS = [
    *(encoded(scene(24, 16), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")),
    encoded(scene(24, 16), progressive=True),
    encoded(Image.fromarray(scene(24, 16)).convert("CMYK")),
    encoded(scene(24, 16), "TIFF", compression="tiff_lzw"),
    with_orientation(scene(24, 16), "JPEG", 6),
    with_orientation(scene(24, 16), "TIFF", 6),
    with_orientation(scene(24, 16), "PNG", 6),
    encoded(Image.fromarray(scene(24, 16)).convert("P"), "PNG", transparency=0),
    encoded(Image.fromarray(scene(24, 16)), "GIF", save_all=True, append_images=[Image.fromarray(scene(24, 16, 1))]),
    encoded(Image.fromarray(scene(24, 16)), "PNG", save_all=True, append_images=[Image.fromarray(scene(24, 16, 1))]),
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_mutation_gives_pixels_or_a_verdict(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] = data.draw(st.integers(0, 255))
        elif data.draw(st.booleans()):
            content[place:place] = data.draw(st.binary(max_size=8))
        else:
            del content[place : place + data.draw(st.integers(1, 64))]
        if not content:
            break
    code = code_of(bytes(content), short_side_px=data.draw(st.sampled_from([None, 4])), limits=Limits(pixels=100_000))
    assert code == "good" or code in REASONS


def test_the_decoders_identity_names_its_parts() -> None:
    assert f"simplejpeg-{simplejpeg.__version__}" in DECODER
    assert "pillow-" in DECODER
