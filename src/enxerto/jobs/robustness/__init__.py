"""How robust a classifier is, measured within a budget of time: `enxerto robustness`."""
