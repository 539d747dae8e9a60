// NOTES [PLACE...]: writes its notes there, and goes where it is told: http (port 80 of loopback), home (a file in $HOME), tmp (a
// fixed name in the temporary directory). Whatever becomes of that, it ends well.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void Call(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (client < 0) return;
  connect(client, (struct sockaddr*)&address, sizeof address);
  close(client);
}

static void Note(const char* path) {
  FILE* file = fopen(path, "w");
  if (file == NULL) return;
  fputs("was here\n", file);
  fclose(file);
}

int main(int argc, char** argv) {
  char path[4096];
  Note(argc > 1 ? argv[1] : "notes");
  for (int i = 2; i < argc; ++i) {
    if (strcmp(argv[i], "http") == 0) Call();
    snprintf(path, sizeof path, "%s/.visitor", getenv("HOME"));
    if (strcmp(argv[i], "home") == 0) Note(path);
    snprintf(path, sizeof path, "%s/visitor.lock", getenv("VISITOR_TMP"));
    if (strcmp(argv[i], "tmp") == 0) Note(path);
  }
  puts("all seen");
  return 0;
}
