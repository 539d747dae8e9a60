#define SLOT(name) int moc_##name(void);
SLOT(click)
