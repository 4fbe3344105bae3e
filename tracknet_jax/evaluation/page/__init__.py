"""The report of an evaluation as one HTML page that needs no network: sections, tables, charts, style."""
