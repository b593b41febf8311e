//! The page of a recording that runs (`record --serve`), on threads of its own: a port that is taken, a
//! server that ends or a panic in it is told, and the recording goes on. It ends with the recording, at once;
//! exports of sessions that were corrected in it are brought up to date before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::cli::console::{print_result, say};
use crate::cli::export::Renewer;
use crate::config::Config;
use crate::serve::{Rest, Server};
use crate::session::folder::Folder;

/// A port is there at once or not at all; the recording waits no longer to say where.
const ADDRESS: Duration = Duration::from_secs(2);

/// Exports that are due when the recording has ended are waited for so long; then it is noted that they are.
const EXPORTS: Duration = Duration::from_secs(60);

/// The page of a running recording. It ends with this.
pub(super) struct Served {
    end: Option<oneshot::Sender<()>>,
    /// Hung up when nothing is left to be done.
    done: Receiver<()>,
    /// For a browser, with the token; `None` if there is no page.
    pub(super) address: Option<String>,
}

impl Served {
    /// Begins to serve the folder that the session lies in, and says where; with `json` as an object.
    pub(super) fn begin(config: &Config, folder: &Folder, json: bool) -> Self {
        let (end, ended) = oneshot::channel();
        let (tell, told) = sync_channel(1);
        let (doing, done) = sync_channel::<()>(0);
        let renewer = Renewer(config.clone());
        let dir = folder.path();
        let mut config = config.clone();
        if let Some(parent) = dir.parent() {
            config.paths.recordings = parent.to_owned();
        }
        let id = dir.file_name().map(|name| name.to_string_lossy().into_owned());
        let run = move || {
            let _until_done = doing;
            let page = || serve(&config, id.as_deref(), renewer, (ended, &tell));
            let served = catch_unwind(AssertUnwindSafe(page));
            match served {
                Ok(Ok(())) => {}
                Ok(Err(why)) => say(format_args!("there is no page ({why}); the recording goes on")),
                Err(_) => say(
                    "the page has failed and is gone; the recording goes on, and `hansard serve` makes another",
                ),
            }
        };
        let thread = std::thread::Builder::new().name("page".into()).spawn(run);
        if let Err(error) = thread {
            say(format_args!("there is no page ({error}); the recording goes on"));
        }
        let address = told.recv_timeout(ADDRESS).ok();
        if let Some(address) = &address {
            if json {
                print_result(serde_json::json!({ "page": address }));
            }
            say(format_args!("the page is at {address}, on this machine only; the address is its key"));
        }
        Self { end: Some(end), done, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Err(RecvTimeoutError::Timeout) = self.done.recv_timeout(EXPORTS) {
            tracing::warn!("exports of what was corrected in the page are not up to date");
        }
    }
}

fn serve(
    config: &Config,
    id: Option<&str>,
    renewer: Renewer,
    (end, tell): (oneshot::Receiver<()>, &SyncSender<String>),
) -> Result<(), String> {
    // For the tests, in builds that are made for them.
    #[cfg(debug_assertions)]
    if std::env::var("HANSARD_TEST_CRASH").as_deref() == Ok("page") {
        panic!("a panic of the page");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("page")
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let served = runtime.block_on(async {
        let server = Server::bind(config, config.record.serve_port, Arc::new(renewer)).await;
        let server = server.map_err(|error| error.to_string())?;
        // Whoever waits no more has gone on.
        let _gone = tell.try_send(server.address(id));
        server.run(async { drop(end.await) }).await.map_err(|error| error.to_string())
    });
    // What is being read for a page is nobody's any more.
    runtime.shutdown_background();
    served.map(Rest::finish)
}
