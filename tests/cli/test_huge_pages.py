"""The command starts itself anew for huge pages: once, with the same arguments, and only where it helps."""

import os
import subprocess
import sys

import pytest

from tracknet_jax.cli.huge_pages import on_request_only

PROGRAM = """
import os, sys
from tracknet_jax.cli.huge_pages import use_huge_pages
use_huge_pages()
print(os.environ.get("GLIBC_TUNABLES"), sys.argv[1:], sys.stdin.read())
"""


@pytest.mark.parametrize(
    ("setting", "library", "expected"),
    [
        ("always [madvise] never", ("glibc", "2.35"), True),
        ("always [madvise] never", ("glibc", "2.9"), False),
        ("always [madvise] never", ("", ""), False),  # another C library
        ("[always] madvise never", ("glibc", "2.36"), False),
        ("always madvise [never]", ("glibc", "2.36"), False),
        (None, ("glibc", "2.36"), False),
    ],
)
def test_where_it_helps(setting, library, expected, tmp_path, monkeypatch):
    monkeypatch.setattr("platform.libc_ver", lambda: library)
    file = tmp_path / "enabled"
    if setting is not None:
        file.write_text(setting + "\n")
    assert on_request_only(file) is expected


@pytest.mark.skipif(not on_request_only(), reason="huge pages are not on request here")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "glibc.malloc.hugetlb=1"),
        ("glibc.malloc.perturb=0", "glibc.malloc.perturb=0:glibc.malloc.hugetlb=1"),
        ("glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"),
    ],
)
def test_the_same_command_goes_on_with_the_setting(before, after):
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    if before:
        environment["GLIBC_TUNABLES"] = before
    command = [sys.executable, "-c", PROGRAM, "track", "a file.mp4"]
    ended = subprocess.run(command, env=environment, input="piped", capture_output=True, text=True)
    assert ended.stdout == f"{after} ['track', 'a file.mp4'] piped\n", ended.stderr
