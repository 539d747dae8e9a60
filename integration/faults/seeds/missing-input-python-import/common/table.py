ROWS = ["one", "two"]
