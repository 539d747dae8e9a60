{ echo 'ninja_dyndep_version = 1'; echo "build out.txt: dyndep | $(tr '\n' ' ' < "$1")"; } > "$2"
