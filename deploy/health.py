"""`python -m deploy.health PORT [/readyz]`: exit code 0 when the service in this container answers."""

import http.client
import sys

SECONDS = 4


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if answers(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "/livez") else 1)
