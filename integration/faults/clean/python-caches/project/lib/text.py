def of(path):
    with open(path) as source:
        return source.read().upper()
