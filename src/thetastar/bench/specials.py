"""Cases that are not a loop of turns."""
def measure(case, setting):
    return {"lines": ["not yet"]}
