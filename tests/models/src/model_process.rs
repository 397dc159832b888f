//! Runs models in separate processes, as many at a time as there are processors.

use std::env;
use std::num::NonZero;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::model::Model;

/// Written to stdout before the first execution. A failure after this line is a failure of the
/// model.
pub(crate) const EXPLORING: &str = "exploring";
/// Written to stdout at the end, followed by the number of executions.
pub(crate) const EXECUTIONS: &str = "executions ";
/// The exit status of a process that took too long.
pub(crate) const HUNG: i32 = 124;

/// The output of a process that has ended.
pub(crate) struct Ran {
    /// `None` if a signal ended the process.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) seconds: f64,
}

/// The command that runs the model in a new process of this program.
pub(crate) fn command(model: &Model) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["--child", model.name]).env("RUST_BACKTRACE", "0");
    for variable in ["MUTATION", "TRACE", "FILM", "FILM_BESIDE"] {
        command.env_remove(format!("RUNTIME_LOOM_{variable}"));
    }
    command
}

impl Ran {
    /// Runs the command to its end.
    pub(crate) fn of(command: &mut Command) -> Ran {
        let start = Instant::now();
        let output = command.output().expect("this program can be run again");
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            seconds: start.elapsed().as_secs_f64(),
        }
    }

    /// The number of executions, if the exploration was completed.
    pub(crate) fn executions(&self) -> Option<u64> {
        self.stdout.lines().find_map(|line| line.strip_prefix(EXECUTIONS)?.parse().ok())
    }

    /// The first lines of stderr. Later lines mostly come from threads that are being unwound.
    pub(crate) fn first_errors(&self) -> String {
        let lines = self.stderr.lines().filter(|line| !line.trim().is_empty());
        lines.take(12).map(|line| format!("    {line}\n")).collect()
    }
}

/// Runs the jobs on a few threads, and reports each job when it ends.
pub(crate) fn in_parallel<J: Send, R: Send>(
    jobs: Vec<J>,
    run: impl Fn(&J) -> R + Sync,
    mut report: impl FnMut(J, R),
) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (run, (ended, ends)) = (&run, mpsc::channel());
    thread::scope(|scope| {
        let mut running = 0;
        for job in jobs {
            if running == threads {
                let (job, ran) = ends.recv().expect("a job reports");
                report(job, ran);
                running -= 1;
            }
            let ended = ended.clone();
            scope.spawn(move || {
                let ran = run(&job);
                ended.send((job, ran))
            });
            running += 1;
        }
        drop(ended);
        for (job, ran) in ends {
            report(job, ran);
        }
    });
}
