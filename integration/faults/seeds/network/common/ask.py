import socket
import sys
try:
    socket.create_connection(('127.0.0.1', 9), timeout=1).close()
except OSError:
    pass
with open('in.txt') as source, open(sys.argv[1], 'w') as out:
    out.write(source.read())
