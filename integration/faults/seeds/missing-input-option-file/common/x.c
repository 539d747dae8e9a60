int x = VALUE;
