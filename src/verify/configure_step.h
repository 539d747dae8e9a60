// What a configure step does that the build which it writes does not know.
#ifndef GLOVEBOX_VERIFY_CONFIGURE_STEP_H_
#define GLOVEBOX_VERIFY_CONFIGURE_STEP_H_

#include <vector>

#include "verify/actions.h"
#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

// Of a log of `glovebox cmake`, whose Input::configure_facts are there: generator-escape (a file that was
// read or a directory that was listed, and that does not make CMake run again), source-mutation,
// outside-write, network-connect, network-send, trace-incomplete.
//
// What is judged is the whole step, whatever program of it did something: CMake itself, what
// execute_process() runs, the compilers of try_compile(). The system's own files and the prefix of each
// program that ran are nobody's inputs; nor are git's, nor what the step has made itself.
std::vector<Finding> ConfigureFindings(const Input& input, const Actions& actions);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_CONFIGURE_STEP_H_
