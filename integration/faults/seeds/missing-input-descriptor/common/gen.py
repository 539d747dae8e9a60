import mmap
import os
import sys
out = os.path.abspath(sys.argv[1])
directory = os.open('deep', os.O_PATH | os.O_DIRECTORY)
os.chdir('/')
with open(os.open('b.txt', os.O_RDONLY, dir_fd=directory), 'rb') as file:
    text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)[:]
with open(out, 'wb') as file:
    file.write(text)
