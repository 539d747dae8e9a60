int part(void);
int other(void);
