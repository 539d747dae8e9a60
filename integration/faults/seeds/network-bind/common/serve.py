"""A server that an edge starts for itself, at an address, and ends without an answer."""
import socket
import sys
address, out = sys.argv[1:]
with socket.socket() as server, socket.socket(socket.AF_UNIX) as own:
    server.bind((address, 0))
    server.listen()
    own.bind('\0serve')
    own.listen()
with open('in.txt') as source, open(out, 'w') as result:
    result.write(source.read())
