import sys
import table
with open(sys.argv[1], 'w') as out:
    out.write('\n'.join(table.ROWS) + '\n')
