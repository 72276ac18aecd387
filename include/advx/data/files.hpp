/// @file
/// Whole files: read under a size limit, written so that a file appears whole or not at all (POSIX).
#pragma once

#include <advx/data/detail/byte_reader.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace advx::data {

/// Default limit of what a reader accepts, in bytes: of a file and of what it unpacks to.
inline constexpr std::uint64_t default_size_limit = std::uint64_t{4} << 30;

namespace detail {

/// A file descriptor, closed in the end.
struct descriptor {
  explicit descriptor(int opened) : fd(opened) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int release() {
    const int result = fd;
    fd = -1;
    return result;
  }
  int fd;
};

[[noreturn]] inline void system_fault(std::string_view path, const std::string& action, int code) {
  file_fault(path, "cannot " + action + ": " + std::strerror(code));
}

} // namespace detail

/// The bytes of a regular file. Its size is compared with `limit` before anything is allocated.
/// @throws file_error if the file is missing, not regular, too large, or changes while it is read
inline std::vector<std::byte> read_file(const std::string& path, std::uint64_t limit = default_size_limit) {
  // Non-blocking, so that opening a named pipe fails the check below instead of waiting for a writer.
  const detail::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0) detail::system_fault(path, "open for reading", errno);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) detail::system_fault(path, "examine", errno);
  if (!S_ISREG(status.st_mode)) detail::file_fault(path, "is not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit)
    detail::file_fault(path, "has " + std::to_string(size) + " bytes, over the limit of " + std::to_string(limit) +
                                 "; pass a larger limit if the file is meant to be so large");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) detail::system_fault(path, "read", errno);
    if (got == 0) detail::file_fault(path, "became shorter while it was read; read it again");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

/// Writes `bytes` to a new file beside `path`, brings it to the disk and renames it to `path`. A reader, and a crash,
/// meet the old file or the new one, never a part. A file that could not be completed is removed.
/// @throws file_error naming the step that failed; for a device, a pipe or a folder, which a rename would replace
inline void write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
    detail::file_fault(path, "is there and is not a regular file; choose another name");
  static std::atomic<unsigned> serial{0};
  const std::string partial = path + ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(serial++);
  detail::descriptor file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.fd < 0) detail::system_fault(path, "create '" + partial + "' beside it", errno);
  const auto abandon = [&](const char* action) {
    const int code = errno;
    ::unlink(partial.c_str());
    detail::system_fault(path, action, code);
  };
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put = ::write(file.fd, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) abandon("write");
    done += static_cast<std::size_t>(put);
  }
  if (::fsync(file.fd) != 0) abandon("bring to the disk");
  if (::close(file.release()) != 0) abandon("close");
  if (::rename(partial.c_str(), path.c_str()) != 0) abandon("put into place");
  // The new name itself survives a crash once the folder is on the disk; some file systems cannot do that, no fault.
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const detail::descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd >= 0) ::fsync(directory.fd);
}

} // namespace advx::data
