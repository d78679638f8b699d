from enxerto.tuning.recipe import ADVERSARIAL, Recipe, recipe_with


def test_knobs_turn_the_default_recipe():
    assert recipe_with() == Recipe()
    assert recipe_with(epochs=3, batch=4) == Recipe(epochs=3, batch=4)
    assert recipe_with(adversarial=0.0) == Recipe()


def test_an_adversarial_recipe_has_defaults_of_its_own_that_can_be_turned_too():
    assert recipe_with(adversarial=0.01) == Recipe(adversarial=0.01, **ADVERSARIAL)
    assert recipe_with(adversarial=0.01).stages is None
    assert recipe_with(adversarial=0.01, stages=1).stages == 1
