"""The page and the table of training tricks."""
