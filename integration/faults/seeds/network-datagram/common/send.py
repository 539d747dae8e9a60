import socket
import sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.sendto(b'done', ('127.0.0.1', 9))
with open(sys.argv[1], 'w') as out:
    out.write('done\n')
