#include <advx/data/files.hpp>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "data/support.hpp"

using namespace advx;
using support::bytes_of;
using support::message_of;

TEST_CASE("A written file is read back, and replaces the old one") {
  const support::scratch_folder folder;
  const std::string path = folder / "a";
  data::write_file_atomically(path, bytes_of("one"));
  data::write_file_atomically(path, bytes_of("another"));
  CHECK(data::read_file(path) == bytes_of("another"));
  data::write_file_atomically(path, {});
  CHECK(data::read_file(path).empty());
  CHECK(folder.names() == std::vector<std::string>{"a"});
}

TEST_CASE("What is not a readable file is an error that names it") {
  const support::scratch_folder folder;
  data::write_file_atomically(folder / "a", bytes_of("12345"));
  CHECK(data::read_file(folder / "a", 5).size() == 5);
  CHECK_THAT(message_of<file_error>([&] { data::read_file(folder / "a", 4); }),
             Catch::Contains("has 5 bytes, over the limit of 4"));
  CHECK_THAT(message_of<file_error>([&] { data::read_file(folder / "none"); }),
             Catch::Contains(folder / "none") && Catch::Contains("No such file"));
  CHECK_THAT(message_of<file_error>([&] { data::read_file(folder / ""); }), Catch::Contains("not a regular file"));
  CHECK_THAT(message_of<file_error>([] { data::read_file("/dev/zero"); }), Catch::Contains("not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(message_of<file_error>([&] { data::read_file(folder / "pipe"); }), // and does not wait for a writer
             Catch::Contains("not a regular file"));
}

TEST_CASE("A write that cannot begin leaves nothing behind") {
  const support::scratch_folder folder;
  CHECK_THAT(message_of<file_error>([&] { data::write_file_atomically(folder / "no/such/folder", bytes_of("x")); }),
             Catch::Contains("no/such/folder") && Catch::Contains("cannot create"));
  CHECK(folder.names().empty());
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(message_of<file_error>([&] { data::write_file_atomically(pipe, bytes_of("x")); }),
             Catch::Contains("not a regular file"));
  CHECK_THAT(message_of<file_error>([&] { data::write_file_atomically(folder / ".", bytes_of("x")); }),
             Catch::Contains("not a regular file"));
  CHECK_THROWS_AS(data::write_file_atomically("/proc/advx-test", bytes_of("x")), file_error);
}

TEST_CASE("A write that cannot end leaves the old file and no part of the new one") {
  const support::scratch_folder folder;
  const std::string path = folder / "a";
  data::write_file_atomically(path, bytes_of("old"));

  SECTION("the disk is full: a limit on the size of files stands in for it") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit small{1000, before.rlim_max};
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const std::string fault =
        message_of<file_error>([&] { data::write_file_atomically(path, std::vector<std::byte>(5000)); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old_handler);
    CHECK_THAT(fault, Catch::Contains("cannot write"));
    CHECK(data::read_file(path) == bytes_of("old"));
  }
  SECTION("a folder stands in the way") {
    std::filesystem::create_directory(folder / "taken");
    CHECK_THAT(message_of<file_error>([&] { data::write_file_atomically(folder / "taken", bytes_of("x")); }),
               Catch::Contains("not a regular file"));
    std::filesystem::remove(folder / "taken");
  }
  CHECK(folder.names() == std::vector<std::string>{"a"});
}
