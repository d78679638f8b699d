"""The page, the table and the record of a robustness report."""
