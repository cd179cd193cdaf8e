"""``python -m floatip`` is ``floatip``."""

from floatip.cli import main

if __name__ == "__main__":
    main()
