"""Whether a server answers at an address, for a healthcheck: exit code 0 if it does, also where it asks for a login."""

import os
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def main(address: str) -> int:
    """0 where something answers and nothing is the matter; with the first of the keys, where there are some."""
    key = os.environ.get("FOOTNOTE_API_KEYS", "").split(",")[0].strip().partition(":")[2]
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with urlopen(Request(address, headers=headers), timeout=8):  # noqa: S310 - the address is that of the command
            return 0
    except HTTPError as error:
        return 0 if error.code == 401 and not key else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
