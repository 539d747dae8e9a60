import re
import sys
lines = ['ninja_dyndep_version = 1']
for source in sys.argv[2:]:
    with open(source) as file:
        text = file.read()
    made = [' | gcm.cache/%s.gcm' % name for name in re.findall(r'^export module (\w+);', text, re.M)]
    needed = [' | gcm.cache/%s.gcm' % name for name in re.findall(r'^import (\w+);', text, re.M)]
    lines.append('build %s%s: dyndep%s' % (source[:-3] + '.o', ''.join(made), ''.join(needed)))
with open(sys.argv[1], 'w') as out:
    out.write('\n'.join(lines) + '\n')
