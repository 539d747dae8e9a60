"$@" && sed -i 's/ b\.h//' x.o.d
