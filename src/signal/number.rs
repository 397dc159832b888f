//! The signals that a program can receive.

use std::fmt;
use std::io;

use signal_hook::consts as system;
use signal_hook::low_level;

/// A signal that a program can receive. The constants have the names that `kill` uses.
///
/// Signals without a constant, such as the real-time signals, are made from the system's number by
/// [`TryFrom`]. [`number`](Signal::number) is the inverse.
///
/// ```
/// use aside::signal::Signal;
///
/// let signal = Signal::try_from(15)?;
/// assert_eq!(signal, Signal::TERM);
/// assert_eq!(signal.to_string(), "SIGTERM");
/// assert!(Signal::try_from(9).is_err(), "SIGKILL cannot be received");
/// # Ok::<(), aside::signal::NoSuchSignal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    /// `SIGALRM`: a timer of the system has expired.
    pub const ALRM: Signal = Signal(system::SIGALRM);
    /// `SIGCHLD`: a child has exited, was stopped, or was continued.
    pub const CHLD: Signal = Signal(system::SIGCHLD);
    /// `SIGCONT`: the process was stopped and continues.
    pub const CONT: Signal = Signal(system::SIGCONT);
    /// `SIGHUP`: the terminal was closed. A server reloads its settings by convention.
    pub const HUP: Signal = Signal(system::SIGHUP);
    /// `SIGINT`: ctrl-c on the terminal.
    pub const INT: Signal = Signal(system::SIGINT);
    /// `SIGIO`: a descriptor is ready.
    #[cfg(not(target_os = "haiku"))]
    pub const IO: Signal = Signal(system::SIGIO);
    /// `SIGPIPE`: a write to a pipe without a reader. Rust programs ignore it by default.
    pub const PIPE: Signal = Signal(system::SIGPIPE);
    /// `SIGQUIT`: ctrl-\ on the terminal.
    pub const QUIT: Signal = Signal(system::SIGQUIT);
    /// `SIGTERM`: the process is asked to exit.
    pub const TERM: Signal = Signal(system::SIGTERM);
    /// `SIGTSTP`: ctrl-z on the terminal.
    pub const TSTP: Signal = Signal(system::SIGTSTP);
    /// `SIGTTIN`: a background process has read from the terminal.
    pub const TTIN: Signal = Signal(system::SIGTTIN);
    /// `SIGTTOU`: a background process has written to the terminal.
    pub const TTOU: Signal = Signal(system::SIGTTOU);
    /// `SIGURG`: urgent data on a socket.
    pub const URG: Signal = Signal(system::SIGURG);
    /// `SIGUSR1`: the program defines its meaning.
    pub const USR1: Signal = Signal(system::SIGUSR1);
    /// `SIGUSR2`: the program defines its meaning.
    pub const USR2: Signal = Signal(system::SIGUSR2);
    /// `SIGWINCH`: the size of the terminal has changed.
    pub const WINCH: Signal = Signal(system::SIGWINCH);

    /// Wraps the number of a signal that was received, which [`TryFrom`] has accepted before.
    pub(super) fn from_system(number: i32) -> Signal {
        Signal(number)
    }

    /// The system's number of the signal.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Does what the signal does to a program without a handler. Most signals end the program at
    /// once, some stop it, and some do nothing; in the last two cases this function returns.
    ///
    /// A program that has cleaned up after [`ctrl_c`](super::ctrl_c) may call this function to end,
    /// so that its parent process sees that it was interrupted.
    ///
    /// # Errors
    /// An error, if the default action of the signal is not known, as for the real-time signals.
    pub fn act_by_default(self) -> io::Result<()> {
        low_level::emulate_default_handler(self.0)
    }
}

/// The highest number of a signal on any system.
const NUMBER_MAX: i32 = 127;

impl TryFrom<i32> for Signal {
    type Error = NoSuchSignal;

    /// # Errors
    /// An error for `SIGKILL` and `SIGSTOP`, which the kernel delivers to no handler. An error for
    /// `SIGILL`, `SIGFPE` and `SIGSEGV`, after which the program cannot continue until a loop
    /// receives them. An error for numbers that belong to no signal on any system. (For a number
    /// that belongs to no signal on this system, [`Signals::new`](super::Signals::new) returns an
    /// error.)
    fn try_from(number: i32) -> Result<Signal, NoSuchSignal> {
        if !(1..=NUMBER_MAX).contains(&number) || system::FORBIDDEN.contains(&number) {
            return Err(NoSuchSignal { number });
        }
        Ok(Signal(number))
    }
}

impl From<Signal> for i32 {
    fn from(signal: Signal) -> i32 {
        signal.0
    }
}

/// Shows the system's name, or the number.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match low_level::signal_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error for a number that belongs to no signal, or to a signal that cannot be received. See
/// [`Signal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchSignal {
    number: i32,
}

impl NoSuchSignal {
    /// The rejected number.
    pub fn number(&self) -> i32 {
        self.number
    }
}

impl fmt::Display for NoSuchSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match low_level::signal_name(self.number) {
            Some(name) => write!(f, "no program can receive {name}"),
            None => write!(f, "no signal has the number {}", self.number),
        }
    }
}

impl std::error::Error for NoSuchSignal {}
