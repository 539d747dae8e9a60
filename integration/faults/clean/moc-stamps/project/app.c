#include "app.h"
int main(void) { return moc_click() - 1; }
