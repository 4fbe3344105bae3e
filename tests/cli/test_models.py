"""`tracknet models`: the table and its JSON, and the table of docs/family.md."""

import json
from pathlib import Path

from tracknet_jax.cli.main import main

FAMILY = Path(__file__).parents[2] / "docs" / "family.md"


def test_the_table_and_its_json(tmp_path, capsys):
    assert main(["models", "--json", str(tmp_path / "models.json")]) == 0
    rows = {row["name"]: row for row in json.loads((tmp_path / "models.json").read_text())}
    assert rows["tracknet_v5"]["parameters"] == 14_771_458  # as published
    assert rows["tracknet_v5"]["config"]["attention"] == "alternating"
    assert rows["inpaintnet"]["config"]["length"] == 16
    printed = capsys.readouterr().out.splitlines()
    family = FAMILY.read_text().splitlines()
    for name, row in rows.items():
        (line,) = (line for line in printed if line.split()[:1] == [name])
        assert f"{row['parameters']:,}" in line
        assert f"{row['macs'] / 1e9:.2f}" in line
        described = next(
            line for line in family if line.startswith("|") and f"`{name}`" in line.split("|")[1]
        )
        assert f"{row['parameters']:,}" in described
        assert name == "inpaintnet" or f"{row['macs'] / 1e9:.2f}" in described
