printf 'ninja_dyndep_version = 1\nbuild one.out | mod.txt: dyndep\nbuild two.out: dyndep | mod.txt\n' > "$1"
