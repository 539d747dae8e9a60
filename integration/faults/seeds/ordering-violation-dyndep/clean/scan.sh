printf 'ninja_dyndep_version = 1\nbuild out.txt: dyndep | gen.txt\n' > "$1"
