"""Why a classifier says what it says of photos: `enxerto explain`, and the mistakes in reports."""
