"""What an evaluation says: tables, curves, the worst errors, and one page that works offline."""
