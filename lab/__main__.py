"""``python -m lab`` is ``golab``."""

from lab.cli.app import main

if __name__ == "__main__":
    main()
