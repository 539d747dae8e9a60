/* Terminals: what is typed, and where it goes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "scenario.h"

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

static int own_terminal(void) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
  return open(ptsname(master), O_RDWR | O_NOCTTY);
}

static void type_into(struct outcome* outcome) {
  char key = 'x';
  tried(outcome, ioctl(own_terminal(), TIOCSTI, &key), "TIOCSTI");
}
/* On a pseudoterminal it is no call at all: what may be seen is who refuses it. */
static void paste(struct outcome* outcome) {
  char what[8] = {3};
  ioctl(own_terminal(), TIOCLINUX, what);
  fill(outcome, errno != EPERM, errno, "TIOCLINUX: EPERM is a rule, ENOTTY the terminal");
}
static void take_console(struct outcome* outcome) {
  ioctl(-1, TIOCCONS, 0);
  fill(outcome, errno != EPERM, errno, "TIOCCONS: EPERM is a rule, EBADF the descriptor");
}
static void set_discipline(struct outcome* outcome) {
  const int plain = 0; /* N_TTY, which it has */
  tried(outcome, ioctl(own_terminal(), TIOCSETD, &plain), "TIOCSETD");
}
static void set_discipline_high(struct outcome* outcome) {
  const int plain = 0;
  tried(outcome, syscall(SYS_ioctl, own_terminal(), (1UL << 40) | TIOCSETD, &plain),
        "TIOCSETD, garbage above");
}

const struct scenario kTerminals[] = {
    {"tiocsti", "terminals", "type into a terminal (TIOCSTI)", HOLDS_ALWAYS, "", NEEDS_BARE_ROOT, NULL,
     "ioctl 0x5412", type_into, NULL},
    {"tioclinux", "terminals", "select and paste on a console (TIOCLINUX)", HOLDS_ALWAYS, "", 0,
     "there is no console to paste on", "ioctl 0x541c", paste, NULL},
    {"tioccons", "terminals", "take the console's output (TIOCCONS)", HOLDS_ALWAYS, "", 0,
     "the machine's console would be gone", "ioctl 0x541d", take_console, NULL},
    {"tiocsetd", "terminals", "load a line discipline (TIOCSETD)", HOLDS_ALWAYS, "", 0, NULL, "ioctl 0x5423",
     set_discipline, NULL},
    {"tiocsetd-high-bits", "terminals", "the same with bits above the 32 that the kernel looks at",
     HOLDS_ALWAYS, "", 0, NULL, "ioctl 0x5423", set_discipline_high, NULL},
};
const size_t kTerminalsSize = sizeof kTerminals / sizeof kTerminals[0];
