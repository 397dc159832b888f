//! Which signals there are to listen to.

use std::fmt;
use std::io;

use signal_hook::consts as system;
use signal_hook::low_level;

/// A signal that can be listened to, under the name that `kill` has for it.
///
/// The system's own number is what it is made from ([`TryFrom`]) and what it is made into
/// ([`number`](Signal::number)), for those that have no name here, such as the real-time signals.
///
/// ```
/// use aside::signal::Signal;
///
/// let signal = Signal::try_from(15)?;
/// assert_eq!(signal, Signal::TERM);
/// assert_eq!(signal.to_string(), "SIGTERM");
/// assert!(Signal::try_from(9).is_err(), "nobody can listen to SIGKILL");
/// # Ok::<(), aside::signal::NoSuchSignal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    /// `SIGALRM`: a timer of the system's.
    pub const ALRM: Signal = Signal(system::SIGALRM);
    /// `SIGCHLD`: a child has ended, or was stopped, or goes on.
    pub const CHLD: Signal = Signal(system::SIGCHLD);
    /// `SIGCONT`: the process was stopped, and goes on.
    pub const CONT: Signal = Signal(system::SIGCONT);
    /// `SIGHUP`: the terminal is gone; to a server it says that its settings have changed.
    pub const HUP: Signal = Signal(system::SIGHUP);
    /// `SIGINT`: ctrl-c on the terminal.
    pub const INT: Signal = Signal(system::SIGINT);
    /// `SIGIO`: a descriptor is ready.
    #[cfg(not(target_os = "haiku"))]
    pub const IO: Signal = Signal(system::SIGIO);
    /// `SIGPIPE`: a write that nobody can read. Rust programs ignore it, unless listened to.
    pub const PIPE: Signal = Signal(system::SIGPIPE);
    /// `SIGQUIT`: ctrl-\ on the terminal.
    pub const QUIT: Signal = Signal(system::SIGQUIT);
    /// `SIGTERM`: the process is asked to end.
    pub const TERM: Signal = Signal(system::SIGTERM);
    /// `SIGTSTP`: ctrl-z on the terminal.
    pub const TSTP: Signal = Signal(system::SIGTSTP);
    /// `SIGTTIN`: a read from the terminal, in the background.
    pub const TTIN: Signal = Signal(system::SIGTTIN);
    /// `SIGTTOU`: a write to the terminal, in the background.
    pub const TTOU: Signal = Signal(system::SIGTTOU);
    /// `SIGURG`: urgent data on a socket.
    pub const URG: Signal = Signal(system::SIGURG);
    /// `SIGUSR1`: whatever the program takes it for.
    pub const USR1: Signal = Signal(system::SIGUSR1);
    /// `SIGUSR2`: whatever the program takes it for.
    pub const USR2: Signal = Signal(system::SIGUSR2);
    /// `SIGWINCH`: the terminal has another size.
    pub const WINCH: Signal = Signal(system::SIGWINCH);

    /// What it is for one of the system's own, which gives no others than those listened to.
    pub(super) fn from_system(number: i32) -> Signal {
        Signal(number)
    }

    /// The system's number for it.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Does what the signal does to a program that has never listened to it: most signals end the
    /// program here and now, some stop it, some do nothing, and then this returns.
    ///
    /// A program that has cleaned up after [`ctrl_c`](super::ctrl_c) may end by this, so that
    /// whoever started it sees that it was interrupted.
    ///
    /// # Errors
    /// If it is not known what the signal does, as for the real-time signals.
    pub fn act_by_default(self) -> io::Result<()> {
        low_level::emulate_default_handler(self.0)
    }
}

/// No system has signals beyond.
const NUMBER_MAX: i32 = 127;

impl TryFrom<i32> for Signal {
    type Error = NoSuchSignal;

    /// # Errors
    /// For `SIGKILL` and `SIGSTOP`, of which no process hears; for `SIGILL`, `SIGFPE` and
    /// `SIGSEGV`, which say that the program itself is broken, so that it cannot go on until a loop
    /// hears of it; and for what is no signal's number on any system. (What is none on this system,
    /// the system refuses when it is listened to.)
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

/// The system's name, or the number.
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

/// This number is that of no signal that can be listened to. See [`Signal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchSignal {
    number: i32,
}

impl NoSuchSignal {
    /// The number.
    pub fn number(&self) -> i32 {
        self.number
    }
}

impl fmt::Display for NoSuchSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match low_level::signal_name(self.number) {
            Some(name) => write!(f, "no program can listen to {name}"),
            None => write!(f, "{} is no signal's number", self.number),
        }
    }
}

impl std::error::Error for NoSuchSignal {}
