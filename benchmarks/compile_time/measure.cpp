// measure COMMAND...: runs it, and prints the user CPU seconds of it and its children, and their greatest memory in MB.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s COMMAND...\n", argv[0]);
    return 2;
  }
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(127);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0) return 1;
  // The resident set of the greatest process: a compiler's, where the command is the driver.
  std::printf("%.3f %.0f\n", double(used.ru_utime.tv_sec) + 1e-6 * double(used.ru_utime.tv_usec),
              double(used.ru_maxrss) / 1024);
  return 0;
}
