"""The ideal image of a class: pixels that a network is most sure of, and what other networks think of them."""
