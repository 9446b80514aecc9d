"""``python -m pincite`` is ``pincite``."""

from pincite.ui.cli import main

if __name__ == "__main__":
    main()
