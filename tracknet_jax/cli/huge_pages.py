"""Huge pages for the buffers of a CPU: a network's step maps hundreds of MiB anew, page by page."""

import os
import platform
import sys
from pathlib import Path

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")  # always [madvise] never
TUNABLE = "glibc.malloc.hugetlb"


def use_huge_pages() -> None:
    """Starts this process anew with huge pages for large allocations, where that helps and nobody decided otherwise.

    The allocator of glibc reads its settings once, before the first line of Python; so the same command is executed
    again with `GLIBC_TUNABLES` set. It takes as long as it takes to start Python.
    """
    settings = os.environ.get("GLIBC_TUNABLES", "")
    if TUNABLE in settings or not sys.executable or not on_request_only():
        return
    os.environ["GLIBC_TUNABLES"] = f"{settings}:{TUNABLE}=1".lstrip(":")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def on_request_only(setting: Path = SETTING) -> bool:
    """Whether the kernel gives huge pages to programs that ask and to no others, and glibc can ask (2.35)."""
    try:
        requested = "[madvise]" in setting.read_text()
    except OSError:
        return False
    library, version = platform.libc_ver()
    return requested and library == "glibc" and tuple(map(int, version.split(".")[:2])) >= (2, 35)
