#include "greet.h"

#include "words.h"

const char* Greeting(int number) { return kWords[number]; }
