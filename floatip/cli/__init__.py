"""The command line: arguments, tables, exit codes. Never: does anything that the Python API cannot."""


def main() -> None:
    """Run the command in ``sys.argv`` and end the process with its exit code."""
    import sys

    try:
        from floatip.cli.app import app

        app(prog_name="floatip")
    except KeyboardInterrupt:
        sys.exit(130)
