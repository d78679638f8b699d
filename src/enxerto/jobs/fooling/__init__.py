"""Photos that fool a classifier, and the check of such files: `enxerto attack`."""
