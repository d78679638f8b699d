"""Backbones compared on the user's own photos and machine: `enxerto compare`."""
