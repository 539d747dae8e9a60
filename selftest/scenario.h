/* One row of the suite of hostile programs: what a program tries, what holds it, and how it is tried.
 *
 * A scenario is a function that tries one thing and says whether it took effect. It knows neither a sandbox
 * nor a test: it runs bare, where it must take effect, and inside `glovebox run`, where it must not. What it
 * needs from outside (a victim, a secret, sockets) the stage sets up (stage.c) and names in GLOVEBOX_TEST_
 * variables, which a sandboxed command is given.
 *
 * To add one: write its function in the file of its family and a row at that file's end. */
#ifndef GLOVEBOX_SELFTEST_SCENARIO_H_
#define GLOVEBOX_SELFTEST_SCENARIO_H_

#include <stddef.h>
#include <sys/types.h>

struct outcome {
  int effect; /* 1: it did what a sandbox shall not let it do; of an honest program: it worked */
  int error;  /* errno of the call that failed, else 0 */
  char detail[200];
  int not_tried; /* this host has not what it takes to try: says nothing about the sandbox */
};

enum holds {
  HOLDS_ALWAYS,   /* the default policy, mode report: refused */
  HOLDS_OPTION,   /* the row's options: refused */
  HOLDS_RECORDED, /* goes on, and `record` is in the log */
  HOLDS_WORKS,    /* an honest program: it must work, under the row's options too */
  HOLDS_NOT,      /* known not to be held: docs/security.md says why */
};

enum needs {
  NEEDS_ROOT = 1u << 0,      /* only root can try it at all */
  NEEDS_USERNS = 1u << 1,    /* bare it takes effect only where user namespaces may be made */
  NEEDS_BARE_ROOT = 1u << 2, /* bare it takes effect only for root */
  NEEDS_SCOPE = 1u << 3,     /* Landlock's scopes, ABI 6 */
  NEEDS_NET = 1u << 4,       /* a network namespace of its own: the stage makes it */
  NEEDS_KERNEL = 1u << 5,    /* a feature that a kernel may lack: bare no effect is a skip, not a failure */
  NEEDS_STATIC = 1u << 6,    /* the static twin of the program */
  NEEDS_SANITIZER = 1u << 7, /* the program that was built with ASan */
  NEEDS_X86 = 1u << 8,       /* x86-64 */
  NEEDS_SLOW = 1u << 9,      /* takes seconds: left out of `glovebox selftest` */
};

struct scenario {
  const char* name;
  const char* family;
  const char* tries;
  enum holds holds;
  const char* options; /* of `glovebox run`, words apart by one blank; where one begins with @IN@, @OUT@,
                          @STATE@ or @BIN@, that is a place; where it ends in :TCP-PORT or :UDP-PORT, the
                          victim's port */
  unsigned needs;
  const char* not_bare; /* why it is not tried bare; null: it is */
  /* What one line of `glovebox log dump` about an access holds then, and where the call shall be refused that
   * of a refusal with a rule ("(mount ", which no command line has). Null: nothing is asked. */
  const char* record;
  void (*run)(struct outcome* outcome);
  /* Run by the stage when the command has ended: what only shows from outside. Null: none. */
  void (*after)(struct outcome* outcome);
};

/* Files: everything may be read, only the stage's `in` written. Or nothing but the system read. */
#define READ_ALL "--mode enforce --read / --write @IN@"
#define READ_SYSTEM                                                                                        \
  "--mode enforce --read /usr --read /lib --read /lib64 --read /bin --read /etc --read /proc --read /dev " \
  "--read @BIN@ --read @STATE@ --write @IN@"

const struct scenario* find_scenario(const char* name);

/* What happens to the victim, in a file that the stage, the victim and the scenario share. */
struct victim_state {
  volatile int signals;   /* SIGUSR1 and SIGIO that it got */
  volatile int datagrams; /* UDP to 127.0.0.1 and the unix sockets */
  volatile int elsewhere; /* UDP to an address that is not 127.0.0.0/8, or is 127.0.2.0/24 */
  volatile int connections;
  volatile int ready; /* its signal handlers stand */
};

/* What the stage says (stage.c). The text is empty, the number -1, where it says nothing. */
const char* stage_text(const char* name);
long stage_number(const char* name);
const char* in_path(const char* name); /* below the directory that may be written; 8 results live at a time */
const char* out_path(const char* name); /* below the one that may not */
struct victim_state* victim_state(void);

/* `result` is a system call's: negative is a failure, with errno. Keeps the first text. */
void tried(struct outcome* outcome, long result, const char* what);
void fill(struct outcome* outcome, int effect, int error, const char* detail);
/* This host has not what it takes, whatever the sandbox would have said. */
void could_not_try(struct outcome* outcome, const char* why);
/* Waits up to a second for *counter to differ from `before`. */
int changed(volatile int* counter, int before);
/* Whether what is open there is the stage's secret; closes it. */
int reads_secret(int fd);
/* Opens a path that a second thread rewrites, now to what may be read and now to the secret. */
void race_path(struct outcome* outcome);
/* Whether less than `milliseconds` have gone since the first call. One race a process. */
int still(int milliseconds);
/* Runs `function` in a fork: its exit status, or minus the signal that ended it. */
int in_child(int (*function)(void));
long raw_clone(unsigned long flags);
/* A call through int $0x80, with ENOSYS where there is none; pointers must lie below 4 GiB (low_page()). */
long i386_call(long number, long a, long b, long c, long d);
char* low_page(void);

/* Sets up, runs, tears down but for the directories: the command's exit status, 128 + the signal that ended
 * it, 124 after a time-out; -1: the stage could not be set up. */
int stage_main(const char* name, char** command);
void stage_end(void); /* removes the directories */

#endif
