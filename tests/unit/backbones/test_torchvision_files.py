from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torchvision_weights import entry_named, tensors, write

from enxerto.backbones import find, open_backbone, torchvision_files, weights
from enxerto.backbones.networks import build
from enxerto.backbones.torchvision_files import PUBLISHED, Published, checkpoints_home, file_of, published
from enxerto.errors import IntegrityError, UnknownNameError, WeightsMissingError

SMALL = [each for each in PUBLISHED if each.megabytes < 50]


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are taken for what their names say, as their values are others than torchvision's."""
    monkeypatch.setattr(torchvision_files, "sha256_of", lambda path: path.stem[-8:] + "0" * 56)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.file)
def test_the_table_is_torchvision_s_own(row: Published) -> None:
    known = torchvision.models.get_model_weights(row.model)
    truth = known[row.weights]
    view = truth.transforms()
    assert truth.url == f"https://download.pytorch.org/models/{row.file}"
    assert (view.crop_size, view.resize_size) == ([224], [row.resize_px])
    assert view.interpolation.value == row.interpolation
    assert (view.mean, view.std) == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert row.megabytes - 1.5 < truth.meta["_file_size"] * 1.048576 < row.megabytes + 1
    entry = find(row.names[1])
    assert entry.preprocessing.short_side_px == row.resize_px
    assert entry.torchvision_file == row.file
    if known.DEFAULT is truth:
        assert published(row.names[0]) == row


def test_names_with_and_without_their_weights() -> None:
    assert find("torchvision:resnet50").tagged_name == find("resnet50.tv2_in1k").tagged_name
    assert find("torchvision:resnet50.IMAGENET1K_V1").tagged_name == "resnet50.tv_in1k"
    assert find("torchvision:mobilenet_v2").tagged_name == "mobilenet_v2.IMAGENET1K_V2"
    assert find("vgg16").torchvision_file == "vgg16-397923af.pth"
    assert find("resnet50").torchvision_file is None
    assert file_of("resnet18", "tv_in1k") == "resnet18-f37072fd.pth"
    with pytest.raises(
        UnknownNameError, match=r"unknown backbone 'torchvision:mobilenet_v3'; did you mean torchvision:"
    ):
        find("torchvision:mobilenet_v3")


def test_where_pytorch_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "mine"))
    assert checkpoints_home() == tmp_path / "mine/hub/checkpoints" == Path(torch.hub.get_dir()) / "checkpoints"
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert checkpoints_home() == Path(torch.hub.get_dir()) / "checkpoints"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert checkpoints_home() == tmp_path / ".cache/torch/hub/checkpoints"


@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")
@pytest.mark.usefixtures("believed")
@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.file)
def test_a_file_of_the_true_name_fits_its_architecture_tensor_by_tensor(row: Published) -> None:
    """Without memory for the network, whose shapes are compared all the same."""
    write(row)
    entry = find(row.names[1])
    source = weights.locate(entry, offline=True)
    assert (source.origin, source.path) == ("PyTorch's cache", checkpoints_home() / row.file)
    with torch.device("meta"):
        state = build(entry, weights.load(entry, source)).state_dict()
    assert sum(tensor.numel() for tensor in state.values()) == sum(t.numel() for t in tensors(row.model).values())


@pytest.mark.usefixtures("believed")
@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.file)
def test_small_ones_give_torchvision_s_own_logits(row: Published) -> None:
    write(row)
    backbone = open_backbone(row.names[1], offline=True)
    theirs = torchvision.models.get_model(row.model, weights=None).eval()
    theirs.load_state_dict(tensors(row.model))
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(backbone.network(pixels), theirs(pixels))
        width = {"resnet18": 512, "mobilenet_v3_large": 960}.get(row.model, 1280)
        assert backbone.feature_network()(pixels).shape == (1, width)


@pytest.mark.usefixtures("believed")
def test_the_oldest_files_are_read_too() -> None:
    row = entry_named("resnet18-f37072fd.pth")
    write(row, legacy=True)
    state = open_backbone("resnet18.tv_in1k", offline=True).network.state_dict()
    expected = tensors("resnet18", legacy=True)
    assert set(state) - set(expected) == {name for name in state if name.endswith("num_batches_tracked")}
    assert all(torch.equal(state[name], tensor) for name, tensor in expected.items())


@pytest.mark.usefixtures("believed")
def test_the_same_weights_have_the_same_identity_in_a_torchvision_file_and_imported() -> None:
    from safetensors.torch import save_file

    from enxerto.backbones.store import imported_file

    row = entry_named("mobilenet_v2-b0353104.pth")
    write(row)
    name = row.names[1]
    there = open_backbone(name, offline=True)
    target = imported_file(find(name))
    target.parent.mkdir(parents=True)
    save_file({key: tensor.contiguous() for key, tensor in tensors("mobilenet_v2").items()}, target)
    imported = open_backbone(name, offline=True)
    assert (there.origin, imported.origin) == ("PyTorch's cache", "imported")
    assert there.identity == imported.identity


def test_other_bytes_than_the_name_says_are_refused() -> None:
    path = write(entry_named("resnet18-f37072fd.pth"))
    with pytest.raises(IntegrityError, match=r"begins with f37072fd, got [0-9a-f]{8}; delete this file") as caught:
        open_backbone("resnet18.tv_in1k", offline=True)
    assert str(caught.value).startswith(str(path))


def test_a_name_without_digits_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "resnet18.pth").write_bytes(b"")
    assert not torchvision_files.verify(tmp_path / "resnet18.pth")


def test_torchvision_s_weights_of_the_same_network_are_named_but_not_taken() -> None:
    write(entry_named("resnet50-0676ba61.pth"))
    with pytest.raises(WeightsMissingError, match=r"\(torchvision's are: torchvision:resnet50.IMAGENET1K_V1\), and"):
        open_backbone("resnet50", offline=True)
