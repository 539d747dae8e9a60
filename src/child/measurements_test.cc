#include "child/measurements.h"

#include <string>

#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

TEST(Measurements, AreALineThatCTestTakes) {
  char text[kMeasurementsRoom];
  const size_t size = FormatMeasurements({4096, 12'000'034, 7}, text);
  EXPECT_EQ(
      std::string(text, size),
      "<CTestMeasurement type=\"numeric/double\" name=\"glovebox peak memory\">4096</CTestMeasurement>"
      "<CTestMeasurement type=\"numeric/double\" name=\"glovebox cpu time\">12.000034</CTestMeasurement>"
      "<CTestMeasurement type=\"numeric/double\" name=\"glovebox accesses\">7</CTestMeasurement>\n");
}

TEST(Measurements, FitTheRoomWhateverWasMeasured) {
  char text[kMeasurementsRoom];
  EXPECT_LT(FormatMeasurements({~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}}, text), kMeasurementsRoom);
  EXPECT_NE(std::string(text, FormatMeasurements({}, text)).find(">0.000000<"), std::string::npos);
}

}  // namespace
}  // namespace glovebox::child
