from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_canvases import noise

from enxerto.attack.file.survival import KINDS, named_transforms, resizing
from enxerto.data.decode import decode
from enxerto.errors import OptionError


def test_names_become_transforms_in_order_without_doubles() -> None:
    named = named_transforms(" jpeg:90, shift:1,jpeg:90 ,resize:0.9")
    assert list(named) == ["jpeg:90", "shift:1", "resize:0.9"]
    assert [len(each) for each in named.values()] == [1, 4, 1]
    assert named_transforms("") == {}


@pytest.mark.parametrize(
    "name", ["jpeg:0", "jpeg:96", "jpeg:high", "shift:0", "shift:0.5", "resize:9", "resize:nan", "jpeg"]
)
def test_an_impossible_number_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"'{name}' can't be survived: expected {KINDS[name.split(':')[0]][:6]}"):
        named_transforms(name)


def test_an_unknown_transform_is_refused() -> None:
    with pytest.raises(OptionError, match=r"nothing called 'blur:3' to survive; known: jpeg:QUALITY"):
        named_transforms("jpeg:90,blur:3")


def test_a_jpeg_is_what_pillow_writes() -> None:
    photo = noise(40, 48)
    (transform,) = named_transforms("jpeg:75")["jpeg:75"]
    buffer = BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=75, subsampling="4:2:0")
    assert transform.file(photo) == buffer.getvalue()
    assert (transform.apply(photo) == decode(buffer.getvalue()).image).all()


def test_shifts_go_in_four_directions_and_keep_the_size() -> None:
    photo = noise()
    down, up, right, left = (each.apply(photo) for each in named_transforms("shift:2")["shift:2"])
    assert (down[2:] == photo[:-2]).all()
    assert (up[:-2] == photo[2:]).all()
    assert (right[:, 2:] == photo[:, :-2]).all()
    assert (left[:, :-2] == photo[:, 2:]).all()
    assert (down[:2] == photo[0]).all()


@pytest.mark.parametrize("name", ["shift:3", "resize:0.7", "resize:1.5"])
def test_the_matrices_do_what_really_happens_but_for_rounding(name: str) -> None:
    photo = np.full((20, 26, 3), 128, dtype=np.uint8)
    photo[6:14, 8:19] = 90  # no overshoot beyond black and white
    for transform in named_transforms(name)[name]:
        real = transform.apply(photo).astype(float)
        linear = [transform.rows(20) @ (transform.columns(26) @ photo[..., c].astype(float).T).T for c in range(3)]
        assert np.abs(np.stack(linear, axis=-1) - real).max() <= 1.5


@pytest.mark.parametrize(("old", "new"), [(300, 7), (5, 12), (6, 6)])
def test_resizing_is_torchs_interpolation(old: int, new: int) -> None:
    line = torch.rand(1, 1, old, 4)
    expected = torch.nn.functional.interpolate(line, (new, 4), mode="bicubic", antialias=True)[0, 0].numpy()
    assert np.allclose(resizing(old, new, "bicubic") @ line[0, 0].numpy(), expected, atol=1e-5)


def test_every_file_of_a_transform_decodes_to_what_it_makes() -> None:
    photo = noise()
    for transforms in named_transforms("jpeg:90,shift:1,resize:1.2").values():
        for transform in transforms:
            assert (decode(transform.file(photo)).image == transform.apply(photo)).all()
