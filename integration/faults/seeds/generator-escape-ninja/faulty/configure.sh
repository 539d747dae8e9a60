{
  printf 'rule again\n  command = sh configure.sh\n  generator = 1\nbuild build.ninja: again configure.sh\n'
  printf 'rule copy\n  command = cat $in > $out\n'
  while read -r name; do echo "build $name.txt: copy $name.in"; done < names.txt
} > build.ninja
