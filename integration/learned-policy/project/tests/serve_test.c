// Talks to itself on a port that the kernel chooses.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr*)&address, size) != 0 || listen(server, 1) != 0) return 1;
  if (getsockname(server, (struct sockaddr*)&address, &size) != 0) return 2;
  if (connect(client, (struct sockaddr*)&address, size) != 0) return 3;
  const int peer = accept(server, NULL, NULL);
  char got[6] = "";
  if (write(client, "hello", 6) != 6 || read(peer, got, 6) != 6) return 4;
  return strcmp(got, "hello");
}
