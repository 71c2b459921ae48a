"""Programs and CRDs that chartgen finds here (chartgen/programs/carried.py)."""
