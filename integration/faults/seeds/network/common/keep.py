import socket
import sys
one, other = socket.socketpair()
one.close()
other.close()
with open('in.txt') as source, open(sys.argv[1], 'w') as out:
    out.write(source.read())
