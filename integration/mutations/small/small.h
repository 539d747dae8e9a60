int words(void);
int count(void);
int more(void);
int again(void);
