from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from page_reader import Reader

from enxerto.attack.file.verify import Change, Survival
from enxerto.report.attack.contents import AttackCard, AttackContents, VerifiedContents
from enxerto.report.attack.page import MOST_PHOTOS, AttackPictures, render_attack
from enxerto.report.attack.pictures import magnification, magnified, side_by_side
from enxerto.report.attack.table import attack_table, verified_table
from enxerto.report.attack.words import goal_words
from enxerto.report.contents import BackboneCard

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
CHANGE = Change(1, 228.6, 52239, 21645, 0.5761)


def card(name: str = "dog.jpg", *, fooled: bool = True) -> AttackCard:
    return AttackCard(
        name=name, width=170, height=221, label="whippet", label_given=False, target="tabby", fooled=fooled,
        classes=(("tabby", 0.0001, 0.9012), ("whippet", 0.73, 0.02)), change=CHANGE,
        survival=(Survival("jpeg:90", False, "whippet", 0.31), Survival("shift:1", True, "tabby", 0.88)),
        file="dog-tabby.png", forwards=80, backwards=70, seconds=2.5,
    )  # fmt: skip


def missed(name: str = "owl.jpg") -> AttackCard:
    """Not fooled."""
    return replace(
        card(name, fooled=False),
        change=None,
        survival=(),
        file="",
        classes=(("whippet", 0.73, 0.0), ("tabby", 0.01, 0.0)),
    )


def contents(*cards: AttackCard) -> AttackContents:
    return AttackContents(
        title="dog.jpg", source="dog.jpg", command="enxerto attack dog.jpg --target tabby",
        created="2026-01-31T12:00:00+00:00", model="the model pets",
        backbone=BackboneCard("efficientnet_lite0", 4652008, 224, "apache-2.0", "ab" * 32, "last", "average"),
        engine="openvino fp32", norm="linf", budget=None, confidence=0.9, photos=cards or (card(),),
        problems=(("cat.jpg", "the model says 'tabby' to begin with"),), unreadable=0,
        notes=("What the model says counts.",),
        seconds=(("attacking", 2.5),), versions=(("python", "3.11"),), seed=0,
    )  # fmt: skip


def words_of(made: AttackContents) -> str:
    return Reader(page(made)).words.replace("\u2018", "'").replace("\u2019", "'")


def page(made: AttackContents) -> str:
    return render_attack(made, [AttackPictures(WEBP, WEBP, WEBP, 127)] * len(made.photos))


def hostile() -> AttackContents:
    bad = "<script>\u202e{{7*7}}\x1b[31m"
    shown = replace(
        card(bad), file="<i>.png", target=bad, classes=((bad, 0.1, 0.9),), survival=(Survival("<b>", True, bad, 0.5),)
    )
    return replace(
        contents(shown, missed("<u>")), title="<h1>", source="<h2>", problems=((bad, "<p>"),), notes=("<b>",)
    )


@pytest.mark.parametrize("made", [contents(), contents(card(), missed()), hostile()])
def test_the_page_is_one_well_formed_file_that_loads_nothing(made: AttackContents) -> None:
    text = page(made)
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["b"] == reader.tags["i"] == reader.tags["u"] == 0
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert all(value.startswith("data:image/webp;base64,") for value in reader.values["src"])
    assert len(reader.values["src"]) == sum(3 if each.change else 1 for each in made.photos)
    assert len(reader.values["id"]) == len(set(reader.values["id"]))
    assert len(reader.values.get("alt", ())) == reader.tags["img"]
    assert not re.search(r"https?://|@import|url\(|[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert page(made) == text


def test_the_page_says_what_was_found() -> None:
    words = words_of(contents())
    for said in (
        "'whippet', 73.0 %, became 'tabby', 90.1 %; no value changed by more than 1 grey level, 21,645 pixels changed",
        "Difference × 127", "228.6", "52,239", "57.6 % of 170 × 221", "Fools", "jpeg:90", "31.0 % for the wrong class",
        "dog-tabby.png", "cat.jpg", "What the model says counts.",
        "the smallest largest change of a value (linf), with at least 90.0 % for the wrong class",
    ):  # fmt: skip
        assert said in words, said


def test_what_was_not_fooled_is_said() -> None:
    words = words_of(contents(missed()))
    assert "Still 'whippet', 73.0 %: no file was found that is predicted as 'tabby'." in words
    assert "Not fooled" in words
    untargeted = words_of(contents(replace(missed(), target=None)))
    assert "no file was found that is predicted otherwise" in untargeted
    short = words_of(contents(card(fooled=False)))
    assert "which is not what was asked for" in short
    assert "Falls short" in short
    assert "1 of 2 photos fool the model pets" in words_of(contents(card(), missed()))


def test_a_page_of_many_photos_shows_the_first() -> None:
    made = contents(*[card(f"{number}.jpg") for number in range(MOST_PHOTOS + 3)])
    assert f"The first {MOST_PHOTOS} of {MOST_PHOTOS + 3}." in words_of(made)


def test_a_budget_is_named() -> None:
    made = replace(contents(), norm="l0", budget="100", confidence=0.0)
    assert goal_words(made) == "number of changed pixels (l0) of at most 100"


def test_the_table_has_a_row_a_photo_and_a_column_for_what_it_survives() -> None:
    table = attack_table(contents(card(), missed()), columns=100)
    header, _, first, second = table.splitlines()[:4]
    assert header.split()[:4] == ["photo", "before", "after", "fooled"]
    assert "survives jpeg:90" in header
    assert first.split() == [
        "dog.jpg",
        "whippet",
        "73.0",
        "%",
        "tabby",
        "90.1",
        "%",
        "yes",
        "1",
        "228.6",
        "52,239",
        "21,645",
        "no",
        "31.0",
        "%",
        "yes",
        "88.0",
        "%",
    ]
    assert second.split() == ["owl.jpg", "whippet", "73.0", "%", "-", "no", "-", "-", "-", "-", "-", "-"]
    assert "not attacked: cat.jpg: the model says 'tabby' to begin with" in table
    assert "\x1b" not in attack_table(hostile())


def verified(*, fools: bool | None = True) -> VerifiedContents:
    return VerifiedContents(
        file="x.png", original="dog.jpg", model="the model pets", label="whippet", target=None, confidence=0.9,
        fools=fools, classes=(("tabby", 0.01, 0.91), ("whippet", 0.7, 0.02)), change=CHANGE,
        survival=(Survival("jpeg:90", True, "tabby", 0.8),),
    )  # fmt: skip


def test_the_verdict_on_a_file_is_said() -> None:
    table = verified_table(verified(), columns=200)
    assert "tabby       1.0 %  91.0 %" in table
    assert "yes 80.0 %" in table
    assert "The file is predicted as 'tabby', 91.0 %, instead of 'whippet': it fools." in table
    assert "it doesn't fool, expected was anything but 'whippet' with at least 90.0 %" in verified_table(
        verified(fools=False), columns=200
    )
    aimed = replace(verified(fools=False), target="owl", label=None, confidence=0.0)
    assert "it doesn't fool, expected was 'owl'." in verified_table(aimed, columns=200)
    assert "91.0 %: it fools." in verified_table(replace(verified(), label=None), columns=200)
    bare = replace(
        verified(fools=None), original=None, change=None, survival=(), classes=(("tabby", None, 0.91),), label=None
    )
    assert "give the original, --label or --target" in verified_table(bare, columns=200)


def test_the_difference_is_magnified_as_far_as_it_fits() -> None:
    photo = np.full((4, 5, 3), 100, dtype=np.uint8)
    changed = photo.copy()
    changed[1, 1], changed[2, 2] = 102, 98
    assert magnification(photo, changed) == 63
    shown = magnified(photo, changed)
    assert (shown[0] == 128).all()
    assert (shown[1, 1] == 128 + 126).all()
    assert (shown[2, 2] == 128 - 126).all()
    assert (magnified(photo, photo) == 128).all()
    assert magnified(np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)).max() == 255


def test_three_pictures_stand_side_by_side() -> None:
    photo = np.full((40, 50, 3), 100, dtype=np.uint8)
    sheet = side_by_side(card(), photo, photo + np.uint8(1))
    assert sheet.shape[1] > 3 * sheet.shape[0] / 2
    assert sheet.dtype == np.uint8
