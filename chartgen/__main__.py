"""`python -m chartgen` is the command chartgen."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="chartgen")
