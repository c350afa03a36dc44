"""What a reader is shown: plain views first, then a terminal."""
