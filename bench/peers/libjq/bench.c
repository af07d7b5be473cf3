// SPDX-License-Identifier: Apache-2.0
// Debian's libjq over the programs and values of `hence bench expr`: a JSON line per program.
#define _GNU_SOURCE
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

#define MAX_INPUTS 1000

static size_t run(jq_state *jq, const jv *inputs, size_t count) {
  size_t results = 0;
  for (size_t i = 0; i < count; ++i) {
    jq_start(jq, jv_copy(inputs[i]), 0);
    for (;;) {
      jv value = jq_next(jq);
      int more = jv_is_valid(value);
      jv_free(value);
      if (!more) break;
      ++results;
    }
  }
  return results;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *programs = fopen(argv[1], "r"), *file = fopen(argv[2], "r");
  if (!programs || !file) return 2;
  jv inputs[MAX_INPUTS];
  size_t count = 0;
  char *line = NULL;
  size_t room = 0;
  while (count < MAX_INPUTS && getline(&line, &room, file) > 0) inputs[count++] = jv_parse(line);
  for (int number = 1; getline(&line, &room, programs) > 0; ++number) {
    line[strcspn(line, "\n")] = 0;
    jq_state *jq = jq_init();
    double compile = 1e9, best = 1e9;
    int good = 1;
    for (int i = 0; i < 5; ++i) {
      double from = now();
      good = jq_compile(jq, line);
      if (now() - from < compile) compile = now() - from;
    }
    if (!good) {
      printf("{\"bench\":\"expr\",\"peer\":\"libjq 1.6\",\"program\":%d,\"refused\":true}\n", number);
      jq_teardown(&jq);
      continue;
    }
    size_t results = 0;
    double start = now();
    for (int i = 0; i < 3 || now() - start < 1; ++i) {
      double from = now();
      results = run(jq, inputs, count);
      if (now() - from < best) best = now() - from;
    }
    printf("{\"bench\":\"expr\",\"peer\":\"libjq 1.6\",\"program\":%d,\"ns\":%.0f,\"compileNs\":%.0f,\"results\":%zu}\n", number,
           best * 1e9 / count, compile * 1e9, results);
    fflush(stdout);
    jq_teardown(&jq);
  }
  return 0;
}
