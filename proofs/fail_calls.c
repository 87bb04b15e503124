/* Lets a call of the C library fail that would change a file below one folder: for `python -m proofs R6`.

   Loaded with LD_PRELOAD, it does nothing until fail_calls() arms it. Every call that writes, syncs, truncates, or
   makes, renames or removes a name there is counted; from call `first` on, those of the kinds in `kinds` fail with
   `error`, the first of them alone or, when `lasting`, all of them. With a trace, each counted call is a line of it:
   the kind, the call, the path, and the library that made it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, CREATE = 8, REMOVE = 16 };

static char folder[PATH_MAX];
static size_t folder_length;
static long first;
static int error_given, kinds_given, lasting_given;
static int trace = -1;
static atomic_long counted, struck;
static atomic_int spent;

void fail_calls(const char *below, long from, int kinds, int error, int lasting, const char *trace_file)
{
    trace = trace_file ? (int)syscall(SYS_open, trace_file, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    snprintf(folder, sizeof folder, "%s/", below);
    first = from;
    kinds_given = kinds;
    error_given = error;
    lasting_given = lasting;
    counted = 0;
    struck = 0;
    spent = 0;
    folder_length = strlen(folder);
}

long calls_counted(void) { return counted; }
long calls_failed(void) { return struck; }

static int fails(int kind, const char *call, const char *path, void *caller)
{
    if (!folder_length || !path || strncmp(path, folder, folder_length))
        return 0;
    long number = atomic_fetch_add(&counted, 1) + 1;
    if (trace >= 0) {
        char line[PATH_MAX + 300];
        Dl_info from;
        const char *library = dladdr(caller, &from) && from.dli_fname ? from.dli_fname : "?";
        int length = snprintf(line, sizeof line, "%d %s %s %s\n", kind, call, path + folder_length, library);
        syscall(SYS_write, trace, line, length);
    }
    if (number < first || !first || !(kind & kinds_given))
        return 0;
    if (!lasting_given && atomic_exchange(&spent, 1))
        return 0;
    atomic_fetch_add(&struck, 1);
    errno = error_given;
    return 1;
}

static int fd_fails(int kind, const char *call, int fd, void *caller)
{
    char link[64], path[PATH_MAX];
    if (!folder_length)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlink, link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return fails(kind, call, path, caller);
}

/* A name relative to a folder is made whole, as far as it matters here. */
static int at_fails(int kind, const char *call, int fd, const char *name, void *caller)
{
    char link[64], path[2 * PATH_MAX];
    if (!folder_length || !name)
        return 0;
    if (name[0] == '/')
        return fails(kind, call, name, caller);
    if (fd == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    snprintf(path + length, sizeof path - length, "/%s", name);
    return fails(kind, call, path, caller);
}

#define HERE __builtin_return_address(0)
#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define ON_FD(result, name, kind, parameters, arguments) \
    result name parameters \
    { \
        REAL(name); \
        return fd_fails(kind, #name, fd, HERE) ? -1 : real arguments; \
    }

ON_FD(ssize_t, write, WRITE, (int fd, const void *data, size_t size), (fd, data, size))
ON_FD(ssize_t, writev, WRITE, (int fd, const struct iovec *parts, int count), (fd, parts, count))
ON_FD(ssize_t, pwrite, WRITE, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
ON_FD(ssize_t, pwrite64, WRITE, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FD(ssize_t, pwritev, WRITE, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
ON_FD(ssize_t, pwritev64, WRITE, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
ssize_t sendfile64(int, int, off64_t *, size_t);
ssize_t sendfile(int, int, off_t *, size_t);
ON_FD(ssize_t, sendfile, WRITE, (int fd, int from, off_t *at, size_t size), (fd, from, at, size))
ON_FD(ssize_t, sendfile64, WRITE, (int fd, int from, off64_t *at, size_t size), (fd, from, at, size))
ON_FD(int, fsync, SYNC, (int fd), (fd))
ON_FD(int, fdatasync, SYNC, (int fd), (fd))
ON_FD(int, ftruncate, TRUNCATE, (int fd, off_t size), (fd, size))
ON_FD(int, ftruncate64, TRUNCATE, (int fd, off64_t size), (fd, size))

int posix_fallocate(int fd, off_t at, off_t size)
{
    REAL(posix_fallocate);
    return fd_fails(WRITE, "posix_fallocate", fd, HERE) ? error_given : real(fd, at, size);
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    REAL(fallocate);
    return fd_fails(WRITE, "fallocate", fd, HERE) ? -1 : real(fd, mode, at, size);
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file)
{
    REAL(fwrite);
    return fd_fails(WRITE, "fwrite", fileno(file), HERE) ? 0 : real(data, size, count, file);
}

int fflush(FILE *file)
{
    REAL(fflush);
    return file && fd_fails(WRITE, "fflush", fileno(file), HERE) ? EOF : real(file);
}

int fclose(FILE *file)
{
    REAL(fclose);
    int failing = fd_fails(WRITE, "fclose", fileno(file), HERE);
    int error = errno, closed = real(file);
    if (!failing)
        return closed;
    errno = error;
    return EOF;
}

static FILE *opened_file(FILE *(*real)(const char *, const char *), const char *path, const char *mode, void *caller)
{
    int writes = strpbrk(mode, "wa+") != NULL;
    return writes && at_fails(CREATE, "fopen", AT_FDCWD, path, caller) ? NULL : real(path, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen);
    return opened_file(real, path, mode, HERE);
}

FILE *fopen64(const char *path, const char *mode)
{
    REAL(fopen64);
    return opened_file(real, path, mode, HERE);
}

#define MODE_OF(flags, mode) \
    int mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, int); \
        va_end(rest); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        REAL(name); \
        MODE_OF(flags, mode) \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && at_fails(CREATE, #name, AT_FDCWD, path, HERE)) \
            return -1; \
        return real(path, flags, mode); \
    }

#define OPENAT(name) \
    int name(int fd, const char *path, int flags, ...) \
    { \
        REAL(name); \
        MODE_OF(flags, mode) \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && at_fails(CREATE, #name, fd, path, HERE)) \
            return -1; \
        return real(fd, path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define ON_NAME(name, kind, parameters, arguments, fd, path) \
    int name parameters \
    { \
        REAL(name); \
        return at_fails(kind, #name, fd, path, HERE) ? -1 : real arguments; \
    }

ON_NAME(mkdir, CREATE, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ON_NAME(mkdirat, CREATE, (int fd, const char *path, mode_t mode), (fd, path, mode), fd, path)
ON_NAME(rename, CREATE, (const char *old, const char *path), (old, path), AT_FDCWD, path)
ON_NAME(renameat, CREATE, (int from, const char *old, int fd, const char *path), (from, old, fd, path), fd, path)
ON_NAME(link, CREATE, (const char *old, const char *path), (old, path), AT_FDCWD, path)
ON_NAME(unlink, REMOVE, (const char *path), (path), AT_FDCWD, path)
ON_NAME(unlinkat, REMOVE, (int fd, const char *path, int flags), (fd, path, flags), fd, path)
ON_NAME(rmdir, REMOVE, (const char *path), (path), AT_FDCWD, path)
