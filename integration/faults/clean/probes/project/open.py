import fcntl
import locale
import os
import pwd
import sys
import time
locale.setlocale(locale.LC_ALL, '')
time.tzset()
time.localtime()
try:
    pwd.getpwuid(os.getuid())
except KeyError:
    pass
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
text = os.read(descriptor, 100)
os.close(descriptor)
with open(sys.argv[2], 'wb') as out:
    fcntl.flock(out, fcntl.LOCK_EX)
    out.write(text)
