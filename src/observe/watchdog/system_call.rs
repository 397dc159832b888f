//! Names of the system calls in which threads wait.

/// Returns the name of a system call, or its number as text. The numbers differ between the
/// processors, so the names come from `libc`, which the feature `net` uses.
pub(super) fn system_call_name(number: i64) -> String {
    let known = name_of(number);
    known.map_or_else(|| number.to_string(), String::from)
}

#[cfg(not(all(target_os = "linux", feature = "net")))]
fn name_of(_number: i64) -> Option<&'static str> {
    None
}

#[cfg(all(target_os = "linux", feature = "net"))]
fn name_of(number: i64) -> Option<&'static str> {
    macro_rules! names {
        ($($constant:ident $name:literal,)*) => {
            [$((libc::$constant, $name),)*]
        };
    }
    // Calls that may take long. The calls that only some processors have are left out.
    let names = names![
        SYS_accept4 "accept4",
        SYS_clock_nanosleep "clock_nanosleep",
        SYS_connect "connect",
        SYS_copy_file_range "copy_file_range",
        SYS_epoll_pwait "epoll_pwait",
        SYS_fallocate "fallocate",
        SYS_fcntl "fcntl",
        SYS_fdatasync "fdatasync",
        SYS_flock "flock",
        SYS_fsync "fsync",
        SYS_futex "futex",
        SYS_getdents64 "getdents64",
        SYS_ioctl "ioctl",
        SYS_madvise "madvise",
        SYS_msync "msync",
        SYS_munmap "munmap",
        SYS_nanosleep "nanosleep",
        SYS_openat "openat",
        SYS_ppoll "ppoll",
        SYS_pread64 "pread64",
        SYS_pselect6 "pselect6",
        SYS_pwrite64 "pwrite64",
        SYS_read "read",
        SYS_readv "readv",
        SYS_recvfrom "recvfrom",
        SYS_recvmsg "recvmsg",
        SYS_sendfile "sendfile",
        SYS_sendmsg "sendmsg",
        SYS_sendto "sendto",
        SYS_splice "splice",
        SYS_sync "sync",
        SYS_unlinkat "unlinkat",
        SYS_wait4 "wait4",
        SYS_waitid "waitid",
        SYS_write "write",
        SYS_writev "writev",
    ];
    // On 32-bit processors the constants have another type.
    #[allow(clippy::useless_conversion)]
    let found = names.into_iter().find(|&(known, _)| i64::from(known) == number);
    // The calls of old programs; newer processors have only the calls above.
    found.map(|(_, name)| name).or_else(|| older_name(number))
}

#[cfg(all(target_os = "linux", feature = "net", target_arch = "x86_64"))]
fn older_name(number: i64) -> Option<&'static str> {
    match number {
        libc::SYS_accept => Some("accept"),
        libc::SYS_epoll_wait => Some("epoll_wait"),
        libc::SYS_open => Some("open"),
        libc::SYS_poll => Some("poll"),
        libc::SYS_select => Some("select"),
        _ => None,
    }
}

#[cfg(all(target_os = "linux", feature = "net", not(target_arch = "x86_64")))]
fn older_name(_number: i64) -> Option<&'static str> {
    None
}
