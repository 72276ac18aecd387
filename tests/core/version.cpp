#include <advx/version.hpp>

#include <catch2/catch.hpp>

#include <string>

TEST_CASE("the version's text is its three numbers") {
  const std::string numbers = std::to_string(ADVX_VERSION_MAJOR) + "." + std::to_string(ADVX_VERSION_MINOR) + "." +
                              std::to_string(ADVX_VERSION_PATCH);
  CHECK(numbers == advx::version);
  CHECK(numbers == ADVX_VERSION_STRING);
}
