#!/bin/sh
sed 's/.*/#define &/' "$1" > "$2"
