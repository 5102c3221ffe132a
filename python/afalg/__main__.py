"""`python -m afalg`: the command line, which is in afalg.cli."""

import sys

from afalg.cli import main

if __name__ == "__main__":
    sys.exit(main())
