template <std::integral T>
constexpr T twice(T value) {
  return value + value;
}
