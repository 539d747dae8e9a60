printf 'ninja_dyndep_version = 1\nbuild out.txt: dyndep\n' > "$1"
