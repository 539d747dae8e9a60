int ready(void);
int main(void) { return ready(); }
