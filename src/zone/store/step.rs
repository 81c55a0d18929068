//! Points at which tests let a process die or a step fail. In the product they are nothing.

use super::error::StoreError;

/// A moment between two things that reach the disk.
#[cfg(not(test))]
#[inline(always)]
pub(super) fn step(_what: &'static str) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
pub(super) use injected::step;

#[cfg(test)]
pub(super) mod injected {
    use super::StoreError;
    use crate::files::FileError;
    use std::cell::Cell;
    use std::io;
    use std::path::PathBuf;

    /// What happens when the count of steps is over.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) enum Fate {
        /// The process is killed, as by `kill -9`.
        Killed,
        /// The step fails as on a full disk.
        Full,
        /// A person saves this file at this moment.
        Saves(fn()),
    }

    thread_local! {
        static PLAN: Cell<[Option<(usize, Fate)>; 2]> = const { Cell::new([None; 2]) };
        static SEEN: Cell<usize> = const { Cell::new(0) };
        static PLAIN: Cell<bool> = const { Cell::new(false) };
    }

    /// Makes this thread's file system one that cannot exchange files.
    pub(in super::super) fn forbid_exchange(plain: bool) {
        PLAIN.set(plain);
    }

    pub(in super::super) fn without_exchange() -> bool {
        PLAIN.get()
    }

    /// Lets the fate come at the step after `count` others of this thread; none lets everything pass.
    pub(in super::super) fn plan(fate: Option<(usize, Fate)>) {
        plan_both([fate, None]);
    }

    /// One fate after `count` steps, and a second one after as many further ones as it says.
    pub(in super::super) fn plan_both(fates: [Option<(usize, Fate)>; 2]) {
        PLAN.set(fates);
        SEEN.set(0);
    }

    /// Steps since the last plan.
    pub(in super::super) fn seen() -> usize {
        SEEN.get()
    }

    pub(in super::super) fn step(what: &'static str) -> Result<(), StoreError> {
        SEEN.set(SEEN.get() + 1);
        let [Some((left, fate)), second] = PLAN.get() else { return Ok(()) };
        if left > 0 {
            PLAN.set([Some((left - 1, fate)), second]);
            return Ok(());
        }
        PLAN.set([second, None]);
        match fate {
            Fate::Killed => {
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                loop {
                    std::thread::park();
                }
            }
            Fate::Full => {
                let source = io::Error::from_raw_os_error(libc::ENOSPC);
                Err(FileError::System { doing: what, path: PathBuf::from("injected"), source }.into())
            }
            Fate::Saves(save) => {
                save();
                Ok(())
            }
        }
    }
}
