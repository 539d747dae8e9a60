#include <conf.h>
int x = CONF;
