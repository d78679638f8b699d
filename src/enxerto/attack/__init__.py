"""How easily a classifier is fooled: attacks within a budget, minimal ones, and files that fool when read back."""
