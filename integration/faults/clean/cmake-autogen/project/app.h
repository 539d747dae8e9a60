#pragma once
#define Q_OBJECT
class App {
  Q_OBJECT
 public:
  int Run();
};
