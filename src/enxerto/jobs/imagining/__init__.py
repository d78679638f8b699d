"""Ideal images and what other networks see in them: `enxerto ideal`."""
