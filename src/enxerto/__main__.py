"""`python -m enxerto`: the command line."""

from enxerto.cli import main

if __name__ == "__main__":
    main()
