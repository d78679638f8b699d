"""The page and the record of a classifier that could not be measured."""
