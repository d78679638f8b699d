"""The page, the table and the record of ideal images."""
