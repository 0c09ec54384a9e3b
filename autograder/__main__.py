"""``autograder`` and ``python -m autograder``: says what to install where only a student's packages are.

``check`` is the one command for students, so it is found before the instructor's packages are asked for.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, which needs the instructor's packages for all but ``check``."""
    if sys.argv[1:2] == ["check"]:
        from autograder.rehearsal import main as check

        sys.exit(check(sys.argv[2:]))
    try:
        from autograder.cli import main as command
    except ModuleNotFoundError as error:
        sys.exit(
            f"autograder: {error.name} is not installed. The commands are for instructors: "
            "pip install 'torch-autograder[instructor]'. Students call check(\"...\") in their notebook, and "
            "`autograder check FILE.ipynb` before they hand it in."
        )
    command()


if __name__ == "__main__":
    main()
