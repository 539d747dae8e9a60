const char* Greeting(int number);
