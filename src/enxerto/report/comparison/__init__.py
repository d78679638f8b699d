"""The page and the record of a comparison of backbones."""
