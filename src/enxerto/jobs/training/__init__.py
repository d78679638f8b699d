"""From a folder of photos to a saved classifier: `enxerto train`."""
