"""Attacks that hold in the saved file: through the real resize, on whole grey levels, verified when read back."""
