"""Measures what chartgen and its chart cost, as ratios in one run, and writes docs/bench.md.

`make bench`, or `python -m bench`. PEER names the folder of another chart to compare with, or several folders
with `:` between.
"""
