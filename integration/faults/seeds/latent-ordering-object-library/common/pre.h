#include "aaa.h"
