"""What comes out: records, and how answers are decoded into them."""
