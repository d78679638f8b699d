"""The page and the record of the lab."""
