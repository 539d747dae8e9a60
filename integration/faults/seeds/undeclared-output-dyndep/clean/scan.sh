printf 'ninja_dyndep_version = 1\nbuild out.txt | mod.txt: dyndep\n' > "$1"
