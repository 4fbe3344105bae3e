"""What `tracknet benchmark` measures, and how: cases of one task timed in turn, compile time apart."""
