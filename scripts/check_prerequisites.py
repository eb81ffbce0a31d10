"""Say in one line what this machine lacks to set the project up; runs on any Python 3."""

import shutil
import sys


def main() -> int:
    missing = []
    if sys.version_info < (3, 11):
        missing.append(
            "Python 3.11 or newer is needed, this is %d.%d (%s). Name another one: make PYTHON=/path/to/python3.11"
            % (sys.version_info[0], sys.version_info[1], sys.executable)
        )
    else:
        for module, package in (("venv", "python3-venv"), ("ensurepip", "python3-venv"), ("ssl", "an OpenSSL build")):
            try:
                __import__(module)
            except ImportError:
                missing.append("Python's module %r is missing; on Debian and Ubuntu install %s" % (module, package))
    if sys.version_info >= (3, 3) and shutil.which("git") is None:
        missing.append("git was not found; install it with your system's package manager")
    for line in missing:
        sys.stderr.write(line + "\n")
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
