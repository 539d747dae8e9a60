import os
import sys
import tempfile
from lib import text
with tempfile.NamedTemporaryFile('w', dir='.', delete=False) as out:
    out.write(text.of(sys.argv[1]))
os.replace(out.name, sys.argv[2])
