"""Operations of one tag, one module each. Written by scripts/generate.py: do not edit."""
