"""What a compiler's scanner says of a source: which module it makes, which ones it needs (P1689)."""
import json
import re
import sys
source, scan, made, depfile, preprocessed = sys.argv[1:]
with open(source) as file:
    text = file.read()
with open(preprocessed, 'w') as file:
    file.write(text)
rule = {'primary-output': made,
        'provides': [{'logical-name': name, 'is-interface': True} for name in re.findall(r'^export module (\w+);', text, re.M)],
        'requires': [{'logical-name': name} for name in re.findall(r'^import (\w+);', text, re.M)]}
with open(scan, 'w') as file:
    json.dump({'version': 0, 'revision': 0, 'rules': [rule]}, file)
with open(depfile, 'w') as file:
    file.write('%s: %s %s\n' % (scan, source, __file__))
