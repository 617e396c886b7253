"""The programs of the sides, each run by the interpreter that has its library; see turns.py for how they speak."""
