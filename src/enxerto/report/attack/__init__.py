"""The page, the table and the record of attacks on photos."""
