// A library needs a source: the precompiled headers of the tests hang on this one (room.cmake).
