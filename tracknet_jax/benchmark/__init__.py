"""What `tracknet benchmark` measures, and how: variants of one task timed in turn, compile time apart."""
