// Compares the greetings with the file that they were made from, and keeps what it has found.
#include <stdio.h>
#include <string.h>

#include "greet.h"

#ifndef FAULT
#define FAULT
#endif
#include "fault.h"

int main(int argc, char** argv) {
  FAULT;
  FILE* words = argc == 2 ? fopen(argv[1], "r") : NULL;
  FILE* found = fopen("greet.out", "w");
  char line[80];
  int wrong = words == NULL || found == NULL;
  for (int i = 0; !wrong && fgets(line, sizeof line, words) != NULL; ++i) {
    line[strcspn(line, "\n")] = '\0';
    wrong = strcmp(line, Greeting(i)) != 0;
    fprintf(found, "%s\n", line);
  }
  return wrong;
}
