#include "app.h"
int main() { return App().Run(); }
