//! Work that goes on until it is done or somebody types Ctrl-C, which is a good end.

use super::exit::Exit;
use super::exit::Failure;
use std::thread;
use tokio::runtime::Builder;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;

/// Runs `work` on a thread of its own, which is left where it is when SIGINT or SIGTERM comes first: then None.
///
/// # Errors
/// That of the work, or of a system that gives no thread or signal.
pub(super) fn until_interrupted<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<Option<T>, Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Error, format!("the terminal cannot be watched: {error}"));
    let runtime = Builder::new_current_thread().enable_io().build().map_err(failed)?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let (done, outcome) = oneshot::channel();
        thread::Builder::new()
            .spawn(move || {
                let _ = done.send(work());
            })
            .map_err(failed)?;
        tokio::select! {
            outcome = outcome => outcome.map_or(Ok(None), |outcome| outcome.map(Some)),
            _ = interrupt.recv() => Ok(None),
            _ = terminate.recv() => Ok(None),
        }
    })
}
