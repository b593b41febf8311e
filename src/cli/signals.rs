//! Signals that end a recording or a transcription in order: Ctrl-C, SIGTERM, SIGHUP.

/// From its making on no such signal ends the process; [`Signals::next`] tells of each.
pub(super) struct Signals {
    #[cfg(unix)]
    unix: [(tokio::signal::unix::Signal, &'static str); 3],
}

impl Signals {
    /// Takes the signals over. To be called within a runtime.
    #[cfg(unix)]
    pub(super) fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            unix: [
                (signal(SignalKind::interrupt())?, "Ctrl-C"),
                (signal(SignalKind::terminate())?, "SIGTERM"),
                (signal(SignalKind::hangup())?, "SIGHUP"),
            ],
        })
    }

    /// Waits for the next one and names it.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> &'static str {
        let [(interrupt, a), (terminate, b), (hangup, c)] = &mut self.unix;
        tokio::select! {
            _ = interrupt.recv() => a,
            _ = terminate.recv() => b,
            _ = hangup.recv() => c,
        }
    }

    /// Takes the signals over. To be called within a runtime.
    #[cfg(not(unix))]
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one and names it.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
