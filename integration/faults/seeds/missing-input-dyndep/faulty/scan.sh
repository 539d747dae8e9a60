{ echo 'ninja_dyndep_version = 1'; echo "build out.txt: dyndep | $(head -n 1 "$1")"; } > "$2"
