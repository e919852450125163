"""Makes the dbt manifest that Dagster reads: `python -m orchestration.parse`, part of `make setup`."""

import subprocess
import sys
from pathlib import Path

from orchestration.resources import DBT_MANIFEST, DBT_PROJECT, DBT_TARGET

PARSE_LIMIT_SECONDS = 300


def main() -> int:
    """Parse the project for the warehouse; needs no database and no secret."""
    folder = DBT_MANIFEST.parent
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "--quiet", "--no-send-anonymous-usage-stats"),
            *(
                "--log-path",
                str(folder / "logs"),
                "parse",
                "--target",
                DBT_TARGET,
                "--target-path",
                str(folder),
            ),
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        ],
        timeout=PARSE_LIMIT_SECONDS,
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
