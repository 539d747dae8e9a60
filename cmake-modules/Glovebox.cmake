# The way in for projects that are not to be edited:
#
#   cmake -DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=/prefix/lib/cmake/Glovebox/Glovebox.cmake ...
#
# An item of a list does as well, and so does CMAKE_PROJECT_INCLUDE (read by every project() call: the first one
# counts). Projects that opt in by themselves say find_package(Glovebox) and glovebox_enable().
#
# Nothing here depends on a policy, and none is set: GloveboxEnable.cmake first says which CMake it needs.
include("${CMAKE_CURRENT_LIST_DIR}/GloveboxEnable.cmake")

# In the scope of the first project() call: always the top level's.
get_property(_glovebox_injected GLOBAL PROPERTY GLOVEBOX_INJECTED)
if(NOT _glovebox_injected)
  set_property(GLOBAL PROPERTY GLOVEBOX_INJECTED TRUE)
  glovebox_enable()
endif()
unset(_glovebox_injected)
