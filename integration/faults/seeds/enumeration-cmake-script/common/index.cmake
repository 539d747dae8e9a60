file(GLOB pages RELATIVE ${DIR} ${DIR}/*.txt)
file(WRITE index.txt "${pages}\n")
