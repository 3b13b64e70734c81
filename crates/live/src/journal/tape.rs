//! Where the bytes of a journal go: a file with a thread that syncs it, or anything in a test.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::segment::{sibling, Preamble, PREAMBLE};
use super::JournalError;

/// The background thread looks this often whether something has to be synced.
const SYNC_EVERY: Duration = Duration::from_millis(4);

/// An append-only file as the journal sees it.
pub trait Tape {
    /// Hands bytes to the operating system: they survive the death of the process.
    ///
    /// # Errors
    /// When not all of them were taken, or an earlier sync in the background failed.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything that was appended survive the loss of power.
    ///
    /// # Errors
    /// When the disk refused.
    fn sync(&mut self) -> io::Result<()>;

    /// Goes on in the next segment, whose head is `preamble` and on the disk when this returns.
    /// Everything that was appended has been synced.
    ///
    /// # Errors
    /// When the file system or the disk refused: nothing may be appended any more.
    fn rotate(&mut self, preamble: &Preamble) -> io::Result<()>;

    /// How many bytes of the file are known to survive the loss of power; 0 when nothing is known.
    fn synced(&self) -> u64 {
        0
    }
}

#[derive(Debug, Default)]
struct Progress {
    /// Bytes of the file that were handed over.
    appended: AtomicU64,
    /// Bytes of the file that are on the disk.
    synced: AtomicU64,
    failed: AtomicBool,
    stop: AtomicBool,
}

/// A segment on disk. A thread syncs what was appended within 5 ms.
#[derive(Debug)]
pub struct FileTape {
    file: File,
    path: PathBuf,
    progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl FileTape {
    /// Makes a new segment and its head, both on the disk.
    ///
    /// # Errors
    /// [`JournalError::Io`], also when the file exists.
    pub fn create(path: &Path, preamble: &Preamble) -> Result<Self, JournalError> {
        let io = |error| JournalError::io(path, "create", error);
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(io)?;
        file.write_all(&preamble.encode())
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        if let Some(folder) = path.parent() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io)?;
        }
        Self::start(path, file, PREAMBLE as u64)
    }

    /// Opens a segment to go on after byte `offset`; what stands behind it is cut off.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn resume(path: &Path, offset: u64) -> Result<Self, JournalError> {
        let io = |error| JournalError::io(path, "open", error);
        let file = OpenOptions::new().append(true).open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() > offset {
            file.set_len(offset).map_err(io)?;
        }
        file.sync_all().map_err(io)?;
        Self::start(path, file, offset)
    }

    fn start(path: &Path, file: File, length: u64) -> Result<Self, JournalError> {
        let io = |error| JournalError::io(path, "open", error);
        let progress = Arc::new(Progress {
            appended: AtomicU64::new(length),
            synced: AtomicU64::new(length),
            ..Progress::default()
        });
        let (seen, own) = (Arc::clone(&progress), file.try_clone().map_err(io)?);
        let thread = thread::Builder::new()
            .name("journal-sync".to_string())
            .spawn(move || sync_in_background(&own, &seen))
            .map_err(io)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            progress,
            thread: Some(thread),
        })
    }

    /// The segment.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn sync_in_background(file: &File, progress: &Progress) {
    let mut synced = progress.synced.load(Ordering::Acquire);
    while !progress.stop.load(Ordering::Acquire) {
        let appended = progress.appended.load(Ordering::Acquire);
        if appended != synced {
            // A failed sync may have lost pages for good: it is never tried again.
            if file.sync_data().is_err() {
                progress.failed.store(true, Ordering::Release);
                return;
            }
            synced = appended;
            progress.synced.fetch_max(synced, Ordering::Release);
        }
        thread::park_timeout(SYNC_EVERY);
    }
}

impl Tape for FileTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.progress.failed.load(Ordering::Acquire) {
            return Err(io::Error::other(
                "an earlier write or sync of the journal failed",
            ));
        }
        if let Err(error) = self.file.write_all(bytes) {
            // Part of it may stand there: nothing may be written behind a torn record.
            self.progress.failed.store(true, Ordering::Release);
            return Err(error);
        }
        let added = bytes.len() as u64;
        self.progress.appended.fetch_add(added, Ordering::Release);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        let appended = self.progress.appended.load(Ordering::Acquire);
        self.progress.synced.fetch_max(appended, Ordering::Release);
        Ok(())
    }

    fn rotate(&mut self, preamble: &Preamble) -> io::Result<()> {
        let path = sibling(&self.path, preamble.segment);
        match Self::create(&path, preamble) {
            Ok(next) => {
                *self = next;
                Ok(())
            }
            Err(error) => {
                self.progress.failed.store(true, Ordering::Release);
                Err(io::Error::other(error.to_string()))
            }
        }
    }

    fn synced(&self) -> u64 {
        self.progress.synced.load(Ordering::Acquire)
    }
}

impl Drop for FileTape {
    fn drop(&mut self) {
        self.progress.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A sync thread that panicked has nothing left to say.
            let _ended = thread.join();
        }
    }
}
