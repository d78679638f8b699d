"""How fast and how good, measured side by side in one run: `make bench PHOTOS=DIR`."""
