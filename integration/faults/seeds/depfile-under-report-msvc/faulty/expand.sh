cat part1.txt part2.txt > "$1"
echo 'Note: including file: part1.txt'
