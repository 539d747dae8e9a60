program main
  use shapes
  if (area(2) /= 8) stop 1
end program
