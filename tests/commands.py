"""Commands of this project, called in this process: a new one takes seconds to load torch."""

import io
import subprocess
from contextlib import redirect_stderr, redirect_stdout


def called(main, *flags) -> subprocess.CompletedProcess:
    """What `python -m` of a package with this `main` would print, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(flag) for flag in flags])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(list(flags), code, out.getvalue(), err.getvalue())
