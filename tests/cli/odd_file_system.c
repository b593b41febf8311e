/* A file system that lacks things, as network shares, FUSE and FAT do: what the variable LACKS names fails as
 * it does there. Loaded before the C library; see odd_files.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int lacks(const char *what)
{
    const char *all = getenv("LACKS");
    return all && strstr(all, what);
}

#define REFUSE(what, why) do { if (lacks(what)) { errno = why; return -1; } } while (0)
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int flock(int fd, int operation);

int flock(int fd, int operation)
{
    REFUSE("locks", ENOLCK);
    return REAL(flock)(fd, operation);
}

int chmod(const char *path, mode_t mode)
{
    REFUSE("modes", EPERM);
    return REAL(chmod)(path, mode);
}

int fchmod(int fd, mode_t mode)
{
    REFUSE("modes", EPERM);
    return REAL(fchmod)(fd, mode);
}

static int is_folder(int fd)
{
    struct stat data;
    return !fstat(fd, &data) && S_ISDIR(data.st_mode);
}

int fsync(int fd);

int fsync(int fd)
{
    if (is_folder(fd)) {
        REFUSE("folder syncs", EINVAL);
        REFUSE("any folder sync", ENOTSUP);
    }
    return REAL(fsync)(fd);
}

int fallocate64(int fd, int mode, off64_t from, off64_t length);

int fallocate64(int fd, int mode, off64_t from, off64_t length)
{
    REFUSE("room ahead", EOPNOTSUPP);
    return REAL(fallocate64)(fd, mode, from, length);
}

int posix_fallocate64(int fd, off64_t from, off64_t length);

int posix_fallocate64(int fd, off64_t from, off64_t length)
{
    if (lacks("room ahead"))
        return EOPNOTSUPP;
    return REAL(posix_fallocate64)(fd, from, length);
}

int link(const char *from, const char *to);

int link(const char *from, const char *to)
{
    REFUSE("links", EPERM);
    return REAL(link)(from, to);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    REFUSE("links", EPERM);
    return REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (flags)
        REFUSE("sparing renames", EINVAL);
    return REAL(renameat2)(from_dir, from, to_dir, to, flags);
}
