//! [`ThreadActivity`]: what a thread does, as Linux reports it in `/proc`.

use std::fmt;
use std::fs;

use super::system_call::system_call_name;

/// The activity of a thread at one moment, as the kernel reports it. Linux only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadActivity {
    /// True if the thread runs, or could run: it computes, or spins.
    pub is_running: bool,
    /// The system call in which the thread waits: its name, or its number if the name is unknown.
    pub system_call: Option<String>,
    /// The function of the kernel in which the thread waits. Some systems hide it.
    pub kernel_function: Option<String>,
}

/// Writes `runs`, or `waits in the system call clock_nanosleep (hrtimer_nanosleep)`.
impl fmt::Display for ThreadActivity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_running {
            return f.write_str("runs");
        }
        f.write_str("waits in ")?;
        match (&self.system_call, &self.kernel_function) {
            (Some(call), Some(function)) => write!(f, "the system call {call} ({function})"),
            (Some(call), None) => write!(f, "the system call {call}"),
            (None, Some(function)) => write!(f, "the kernel ({function})"),
            (None, None) => f.write_str("the kernel"),
        }
    }
}

/// A thread whose activity can be read by other threads.
#[derive(Clone, Debug)]
pub(super) struct ReadableThread {
    /// The folder of the thread, such as `/proc/7670/task/7672`. `None` on systems without one.
    folder: Option<String>,
}

impl ReadableThread {
    /// The calling thread. Costs one system call on Linux.
    pub(super) fn current() -> ReadableThread {
        let link =
            if cfg!(target_os = "linux") { fs::read_link("/proc/thread-self").ok() } else { None };
        let folder = link.and_then(|link| Some(format!("/proc/{}", link.to_str()?)));
        ReadableThread { folder }
    }

    /// Reads what the thread does. Returns `None` if the system does not say.
    pub(super) fn activity(&self) -> Option<ThreadActivity> {
        let folder = self.folder.as_ref()?;
        let read = |name| fs::read_to_string(format!("{folder}/{name}")).ok();
        parse(&read("stat")?, read("syscall").as_deref(), read("wchan").as_deref())
    }
}

/// Parses the contents of `stat`, `syscall` and `wchan`. The last two may not be readable.
pub(super) fn parse(
    stat: &str,
    syscall: Option<&str>,
    wchan: Option<&str>,
) -> Option<ThreadActivity> {
    // The name of the thread is in parentheses, and may contain any character.
    let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
    if state == 'R' {
        return Some(ThreadActivity { is_running: true, system_call: None, kernel_function: None });
    }
    // The file contains `running`, or -1 outside of a system call, or the number and its arguments.
    let number = syscall.and_then(|syscall| syscall.split_whitespace().next()?.parse().ok());
    let system_call = number.filter(|number| *number >= 0).map(system_call_name);
    // The file contains `0` if the thread does not wait, or if the system hides the name.
    let kernel_function = wchan.map(str::trim).filter(|name| !matches!(*name, "" | "0"));
    let kernel_function = kernel_function.map(String::from);
    Some(ThreadActivity { is_running: false, system_call, kernel_function })
}

#[cfg(test)]
mod tests;
