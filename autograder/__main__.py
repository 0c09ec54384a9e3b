"""``autograder`` and ``python -m autograder``: says what to install where only a student's packages are."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, which needs the instructor's packages."""
    try:
        from autograder.cli import main as command
    except ModuleNotFoundError as error:
        sys.exit(
            f"autograder: {error.name} is not installed. The commands are for instructors: "
            "pip install 'torch-autograder[instructor]'. Students call check(\"...\") in their notebook."
        )
    command()


if __name__ == "__main__":
    main()
