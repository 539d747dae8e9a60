module shapes
  use units
contains
  integer function area(n)
    integer, intent(in) :: n
    area = n * n * unit
  end function
end module
