"""How robust a classifier is: what attacks, ordinary mishaps and noise make of it, a record for each photo."""
