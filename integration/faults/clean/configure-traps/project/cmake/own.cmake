set(own 1)
