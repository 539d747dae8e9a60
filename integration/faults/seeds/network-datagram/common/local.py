import socket
import sys
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
one.send(b'done')
one.close()
other.close()
with open(sys.argv[1], 'w') as out:
    out.write('done\n')
