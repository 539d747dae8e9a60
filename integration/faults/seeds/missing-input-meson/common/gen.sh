#!/bin/sh
sed 's/.*/#define &/' "$(dirname "$0")/table.txt" > "$1"
