// The walk behind cmake_script.h: control flow in cmake_walker.cc, what single commands do in
// cmake_commands.cc, cmake_declarations.cc and cmake_reads.cc. Nobody else includes this.
#ifndef GLOVEBOX_GRAPH_CMAKE_WALKER_H_
#define GLOVEBOX_GRAPH_CMAKE_WALKER_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "graph/cmake_lexer.h"
#include "graph/cmake_script.h"
#include "graph/cmake_variables.h"

namespace glovebox::graph {

inline bool Contains(const std::vector<std::string>& words, absl::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class CMakeWalker {
 public:
  CMakeWalker(const CMakeProject& project, const CMakeReader& read);
  CMakeScript Walk();

 private:
  struct File {
    std::string path;
    std::vector<CMakeCommand> commands;
    // Of what opens a block, and of elseif and else: the place of what ends it (for if: of the next branch).
    std::vector<size_t> next;
  };
  struct Function {
    const File* file = nullptr;
    size_t begin = 0, end = 0;
    bool macro = false;
    bool called = false;
    int active = 0;  // how often it is being run just now
    std::vector<std::string> parameters;
  };
  using Words = const CMakeWords&;
  using Handler = void (CMakeWalker::*)(const CMakeCommand& command, Words words);

  // cmake_walker.cc
  const File* Read(const std::string& path);
  void RunFile(const File& file);
  void RunRange(const File& file, size_t begin, size_t end);
  size_t RunBlock(const File& file, size_t at);
  void RunIf(const File& file, size_t at);
  void RunForeach(const File& file, size_t at);
  void RunUnknownTimes(const File& file, size_t begin, size_t end);
  void Define(const File& file, size_t at);
  void Call(const std::vector<size_t>& definitions, Words words);
  void CallOne(size_t number, Words words);
  void RunUncalled();
  void RunUnvisited();
  void RunDirectory(const CMakeDirectory& directory, CMakeScope* scope);
  bool Stopped();

  // cmake_commands.cc
  static const absl::flat_hash_map<std::string, Handler>& Handlers();
  std::string Lookup(const std::string& name) const;
  void SetUnknown(const std::vector<std::string>& names);
  void ForgetWhatIsNamed(Words words);
  void Set(const CMakeCommand& command, Words words);
  void Unset(const CMakeCommand& command, Words words);
  void List(const CMakeCommand& command, Words words);
  void StringCommand(const CMakeCommand& command, Words words);
  void FileComponent(const CMakeCommand& command, Words words);
  void ParseArguments(const CMakeCommand& command, Words words);
  void Project(const CMakeCommand& command, Words words);
  void Include(const CMakeCommand& command, Words words);
  void AddSubdirectory(const CMakeCommand& command, Words words);
  // cmake_reads.cc
  void FileCommand(const CMakeCommand& command, Words words);
  void FileGlob(const CMakeCommand& command, Words words);
  void FileCopy(const CMakeCommand& command, Words words);
  void ExecuteProcess(const CMakeCommand& command, Words words);
  void FetchContent(const CMakeCommand& command, Words words);
  void DeclareRead(CMakeRead read, const CMakeCommand& command);
  std::string InSourceDir(const std::string& path) const;
  void Ignore(const CMakeCommand& /*command*/, Words /*words*/) {}
  // cmake_declarations.cc
  void AddTarget(const CMakeCommand& command, Words words);
  void AddCustomCommand(const CMakeCommand& command, Words words);
  void AddCustomTarget(const CMakeCommand& command, Words words);
  void AddGenerator(const CMakeCommand& command, Words words);
  void AddExternalStep(const CMakeCommand& command, Words words);
  void DeclareTarget(const CMakeCommand& command, const std::string& name);
  void DeclareOutputs(const CMakeCommand& command, Words words, absl::string_view keyword,
                      const std::string& target);
  void Declare(CMakeDeclaration declaration, const CMakeCommand& command);
  CMakeVariableValues VariablesOf(const CMakeCommand& command) const;
  std::string InBinaryDir(const std::string& path) const;

  const CMakeProject& project_;
  const CMakeReader& read_;
  absl::flat_hash_map<std::string, std::unique_ptr<File>>
      files_;  // null: not there, or none of the project's
  std::vector<Function> functions_;
  absl::flat_hash_map<std::string, std::vector<size_t>>
      by_name_;  // several: which one counts, a condition decides
  absl::flat_hash_set<std::string> visited_;
  absl::flat_hash_set<std::string> declared_;

  CMakeScope root_{nullptr};
  CMakeScope* scope_ = &root_;
  CMakeDirectory directory_;       // empty: not known
  std::string list_file_;          // the file that is being read
  std::string function_file_;      // the one where the function stands that is being run
  const File* running_ = nullptr;  // where the command stands that is being run
  int depth_ = 0;
  size_t steps_ = 0;
  bool silent_ = false;  // a first round of a loop, which only finds out what changes
  CMakeScript script_;
};

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_WALKER_H_
