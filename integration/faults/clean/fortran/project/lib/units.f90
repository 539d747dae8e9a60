module units
  integer, parameter :: unit = 2
end module
