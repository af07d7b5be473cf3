/* SPDX-License-Identifier: Apache-2.0
 * The service that the demo builds, deploys, breaks and heals: answers GET /health with its commit.
 *
 *   hello PORT-FILE    listens on a free loopback port and writes its number to PORT-FILE
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef COMMIT
#define COMMIT "unknown"
#endif

static int open_listener(unsigned *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) return -1;
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
    close(listener);
    return -1;
  }
  *port = ntohs(address.sin_port);
  return listener;
}

static int write_port(const char *path, unsigned port) {
  FILE *file = fopen(path, "w");
  if (file == NULL) return -1;
  fprintf(file, "%u\n", port);
  return fclose(file);
}

static void answer(int client) {
  static const char body[] = "{\"service\":\"hello\",\"status\":\"up\",\"commit\":\"" COMMIT "\"}\n";
  char request[2048];
  char head[256];
  ssize_t got = read(client, request, sizeof request - 1);
  int healthy;
  int length;
  if (got <= 0) return;
  request[got] = '\0';
  healthy = strncmp(request, "GET /health ", 12) == 0;
  length = snprintf(head, sizeof head,
                    "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                    healthy ? "200 OK" : "404 Not Found", healthy ? sizeof body - 1 : (size_t)0);
  if (write(client, head, (size_t)length) != length) return;
  if (healthy && write(client, body, sizeof body - 1) < 0) return;
}

int main(int argc, char **argv) {
  unsigned port = 0;
  int listener;
  if (argc != 2) {
    fprintf(stderr, "usage: hello PORT-FILE\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  listener = open_listener(&port);
  if (listener < 0 || write_port(argv[1], port) != 0) {
    perror("hello");
    return 1;
  }
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    answer(client);
    close(client);
  }
}
