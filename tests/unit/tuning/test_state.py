from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tiny_tuning import LEARNING, PLAIN, same, state_of, toy_network, toy_task

from enxerto.errors import IntegrityError, OptionError, StorageError
from enxerto.tuning import Epoch, Surroundings
from enxerto.tuning.network import parameter_groups
from enxerto.tuning.optimizers import OPTIMIZERS, open_optimizer
from enxerto.tuning.state import Numbers, State
from enxerto.tuning.step import batches, learn

EPOCH = Epoch(0, None, 0.1 + 0.2, 1 / 3, None, None, 0.0, 1e-9, 0.0)


def state_with(optimizer: str, steps: int = 0, identity: str = "toy", seed: int = 0) -> State:
    """A fit under way; everything in it depends on what it has learned."""
    recipe = replace(PLAIN, optimizer=optimizer)
    network = toy_network(seed)
    state = State(
        network, open_optimizer(recipe, parameter_groups(network, recipe, LEARNING)), state_of(network), {},
        Numbers(identity),
    )  # fmt: skip
    advance(state, steps)
    state.best = state_of(network)
    return state


def advance(state: State, steps: int) -> None:
    task = toy_task()
    task.inputs.prepare(0, Surroundings().progress)
    for batch in list(batches(task.learn, 0, 0, state.numbers.step, task, PLAIN, Surroundings()))[:steps]:
        learn(state, batch, 1.0, PLAIN, Surroundings())
        state.numbers.step += 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_fit_goes_on_from_a_checkpoint_to_the_last_bit(optimizer: str, tmp_path: Path) -> None:
    state = state_with(optimizer, steps=2)
    state.numbers.epochs.append(EPOCH)
    state.numbers.total_loss = 0.1 + 0.7
    state.save(tmp_path / "fit.safetensors")
    other = state_with(optimizer, seed=1)
    assert other.restore(tmp_path / "fit.safetensors")
    assert other.numbers == state.numbers
    for going_on in (state, other):
        advance(going_on, 2)
    assert same(other.network.state_dict(), state.network.state_dict())
    assert same(other.average, state.average)
    assert same(other.best, state.best)
    assert not same(other.best, state_of(other.network))


def test_restored_tensors_lie_in_memory_as_those_of_the_network(tmp_path: Path) -> None:
    """Otherwise arithmetic could take another path through them, and round elsewhere."""
    state = state_with("adamw", steps=1)
    state.save(tmp_path / "fit.safetensors")
    other = state_with("adamw")
    other.restore(tmp_path / "fit.safetensors")
    strides = {name: tensor.stride() for name, tensor in state.network.state_dict().items()}
    for tensors in (other.network.state_dict(), other.average, other.best):
        assert {name: tensor.stride() for name, tensor in tensors.items()} == strides
    for parameter in other.network.parameters():
        assert other.optimizer.state[parameter]["exp_avg"].stride() == parameter.stride()


def test_before_the_first_step_an_optimizer_has_nothing_to_keep(tmp_path: Path) -> None:
    state = state_with("momentum")
    state.save(tmp_path / "fit.safetensors")
    other = state_with("momentum", steps=1)
    assert other.restore(tmp_path / "fit.safetensors")
    assert not any("momentum_buffer" in slots for slots in other.optimizer.state.values())


def test_without_a_checkpoint_nothing_changes(tmp_path: Path) -> None:
    state = state_with("adamw", steps=1)
    before = state_of(state.network)
    assert not state.restore(tmp_path / "none.safetensors")
    assert same(state_of(state.network), before)


def test_a_checkpoint_holds_no_pickle_and_says_what_it_is_of(tmp_path: Path) -> None:
    state_with("adamw", steps=1).save(tmp_path / "fit.safetensors")
    with safe_open(tmp_path / "fit.safetensors", "pt") as file:
        assert {name.split("/")[0] for name in file.keys()} == {"network", "average", "best", "optimizer"}  # noqa: SIM118
        assert msgspec.json.decode(file.metadata()["numbers"])["identity"] == "toy"
    assert [path.name for path in tmp_path.iterdir()] == ["fit.safetensors"]


def test_a_checkpoint_of_another_fit_is_refused_and_nothing_is_taken_from_it(tmp_path: Path) -> None:
    state_with("adamw", steps=2, identity="other").save(tmp_path / "fit.safetensors")
    state = state_with("adamw")
    before = state_of(state.network)
    with pytest.raises(OptionError, match=r"fit\.safetensors is from a run with other photos, options or versions; .*"):
        state.restore(tmp_path / "fit.safetensors")
    assert same(state_of(state.network), before)
    assert state.numbers == Numbers("toy")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"\x00" * 4000)


def without_numbers(path: Path) -> None:
    save_file({"network/weight": torch.zeros(1)}, path)


def with_broken_numbers(path: Path) -> None:
    save_file({"network/weight": torch.zeros(1)}, path, {"numbers": '{"identity": "toy", "step": "many"}'})


def with_other_tensors(path: Path) -> None:
    save_file({"network/weight": torch.zeros(1)}, path, {"numbers": msgspec.json.encode(Numbers("toy")).decode()})


@pytest.mark.parametrize("damage", [truncate, empty, garble, without_numbers, with_broken_numbers, with_other_tensors])
def test_a_damaged_checkpoint_is_refused(damage: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "fit.safetensors"
    state_with("adamw", steps=1).save(path)
    damage(path)
    with pytest.raises(IntegrityError, match=r"fit\.safetensors is no intact checkpoint .*; start anew"):
        state_with("adamw").restore(path)


def test_a_checkpoint_that_can_t_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fit.safetensors"
    state = state_with("adamw", steps=1)
    state.save(path)
    before = path.read_bytes()
    advance(state, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        state.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["fit.safetensors"]
