name=old
