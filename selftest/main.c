/* glovebox-scenario: the hostile programs, one a name.
 *
 *   glovebox-scenario NAME                    tries it, and says in one line of JSON whether it took effect
 *   glovebox-scenario --list                  the rows, one line of JSON each
 *   glovebox-scenario --stage NAME COMMAND... sets up what NAME needs outside, runs COMMAND there (words with
 *                                             @IN@, @OUT@, @STATE@, @BIN@, TCP-PORT, UDP-PORT replaced), and
 * tears it down
 *
 * Exit status: 0: the line says what came of it, or that this host has not what it takes ("tried": false); 2:
 * no such scenario, or the stage cannot be set up.
 * --stage ends as COMMAND does. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

extern const struct scenario kProcesses[], kSupervisor[], kTerminals[], kInterfaces[], kNamespaces[],
    kFiles[], kHidden[], kDescriptors[], kNetwork[], kAbis[], kResources[], kHonest[];
extern const size_t kProcessesSize, kSupervisorSize, kTerminalsSize, kInterfacesSize, kNamespacesSize,
    kFilesSize, kHiddenSize, kDescriptorsSize, kNetworkSize, kAbisSize, kResourcesSize, kHonestSize;

struct family {
  const struct scenario* rows;
  const size_t* size;
};
static const struct family kAll[] = {
    {kProcesses, &kProcessesSize},   {kSupervisor, &kSupervisorSize},
    {kTerminals, &kTerminalsSize},   {kInterfaces, &kInterfacesSize},
    {kNamespaces, &kNamespacesSize}, {kFiles, &kFilesSize},
    {kHidden, &kHiddenSize},         {kDescriptors, &kDescriptorsSize},
    {kNetwork, &kNetworkSize},       {kAbis, &kAbisSize},
    {kResources, &kResourcesSize},   {kHonest, &kHonestSize},
};

const struct scenario* find_scenario(const char* name) {
  for (size_t f = 0; f < sizeof kAll / sizeof kAll[0]; ++f) {
    for (size_t i = 0; i < *kAll[f].size; ++i) {
      if (strcmp(kAll[f].rows[i].name, name) == 0) return &kAll[f].rows[i];
    }
  }
  return NULL;
}

static void print_text(const char* text) {
  putchar('"');
  for (; *text != '\0'; ++text) {
    const unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\') putchar('\\');
    byte<0x20 || byte> 0x7e ? (void)printf("\\u%04x", byte) : (void)putchar(byte);
  }
  putchar('"');
}

static void print_field(const char* name, const char* text) {
  printf(", \"%s\": ", name);
  text != NULL ? print_text(text) : (void)printf("null");
}

static void print_outcome(const struct outcome* outcome) {
  printf("{\"effect\": %s, \"errno\": %d", outcome->effect ? "true" : "false", outcome->error);
  print_field("detail", outcome->detail);
  printf(", \"tried\": %s}\n", outcome->not_tried ? "false" : "true");
  fflush(stdout);
}

static const char* const kHoldsNames[] = {"always", "option", "recorded", "works", "not"};
static const char* const kNeedsNames[] = {
    "root", "userns", "bare-root", "landlock-scope", "net", "kernel", "static", "sanitizer", "x86", "slow"};

static void print_row(const struct scenario* row) {
  printf("{\"name\": ");
  print_text(row->name);
  print_field("family", row->family);
  print_field("tries", row->tries);
  print_field("holds", kHoldsNames[row->holds]);
  print_field("options", row->options);
  print_field("not_bare", row->not_bare);
  print_field("record", row->record);
  printf(", \"needs\": [");
  const char* comma = "";
  for (unsigned i = 0; i < sizeof kNeedsNames / sizeof kNeedsNames[0]; ++i) {
    if ((row->needs & (1u << i)) == 0) continue;
    printf("%s\"%s\"", comma, kNeedsNames[i]);
    comma = ", ";
  }
  printf("]}\n");
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (size_t f = 0; f < sizeof kAll / sizeof kAll[0]; ++f) {
      for (size_t i = 0; i < *kAll[f].size; ++i) print_row(&kAll[f].rows[i]);
    }
    return fflush(stdout) == 0 ? 0 : 2;
  }
  const int staged = argc > 3 && strcmp(argv[1], "--stage") == 0;
  const struct scenario* row = argc > 1 ? find_scenario(argv[staged ? 2 : 1]) : NULL;
  if (row == NULL) {
    fprintf(stderr, "usage: glovebox-scenario NAME | --list | --stage NAME COMMAND...\n");
    return 2;
  }
  struct outcome outcome = {.detail = ""};
  if (staged) {
    const int status = stage_main(row->name, argv + 3);
    if (row->after != NULL && status >= 0) {
      row->after(&outcome);
      print_outcome(&outcome);
    }
    stage_end();
    return status < 0 ? 2 : status;
  }
  signal(SIGPIPE, SIG_IGN);
  alarm(20);                       /* nothing of a scenario stays, whatever holds it up */
  printf("{\"started\": true}\n"); /* so that nobody takes a sandbox that did not start for one that held */
  fflush(stdout);
  row->run(&outcome);
  print_outcome(&outcome);
  return 0;
}
