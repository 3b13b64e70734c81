//! The state directory: one process at a time, its lineage, its segments, its kill file.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use py_rt_kernel::input::{Control, Person};
use py_rt_venues::Lineage;
use rustix::fs::{flock, FlockOperation};

use crate::clock::pause_for;
use crate::error::LiveError;
use crate::journal::segment::{segment_path, segments};

/// How long an empty kill file may be one that is just being written.
const WRITING: Duration = Duration::from_millis(2);
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A state directory, locked for as long as this value lives.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl StateDir {
    /// Makes the directory if needed and locks it.
    ///
    /// # Errors
    /// [`LiveError::Config`] naming the process that holds it, [`LiveError::Journal`] when the
    /// file system refuses.
    pub fn lock(path: &Path) -> Result<Self, LiveError> {
        fs::create_dir_all(path.join("journal")).map_err(|e| refused(path, &e))?;
        let place = path.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&place)
            .map_err(|e| refused(&place, &e))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // Without its number the message is still true.
            let _read = file.read_to_string(&mut holder);
            return Err(LiveError::Config(format!(
                "`{}` is in use by process {}; one process per state directory: stop it, or give \
                 this run another `state_dir`",
                path.display(),
                holder.trim()
            )));
        }
        write_pid(&mut file).map_err(|e| refused(&place, &e))?;
        Ok(Self {
            path: path.to_path_buf(),
            _lock: file,
        })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of this directory in order ids; drawn once and kept.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when it cannot be read or kept, or is no lineage.
    pub fn lineage(&self) -> Result<Lineage, LiveError> {
        let place = self.path.join("lineage");
        let text = match fs::read_to_string(&place) {
            Ok(text) => text.trim().to_string(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.last_segment()?.is_some() {
                    return Err(LiveError::Journal(format!(
                        "`{}` is missing while there is a journal: restore it, its text stands \
                         in the order ids as rt-<lineage>-<number>",
                        place.display()
                    )));
                }
                let drawn = draw_lineage();
                replace_file(&place, drawn.as_bytes(), true).map_err(|e| refused(&place, &e))?;
                drawn
            }
            Err(error) => return Err(refused(&place, &error)),
        };
        Lineage::parse(&text).ok_or_else(|| {
            LiveError::Journal(format!(
                "`{}` must hold eight letters a-z or 2-7, found `{text}`",
                place.display()
            ))
        })
    }

    /// The folder of the journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Where segment `number` stands.
    #[must_use]
    pub fn segment(&self, number: u64) -> PathBuf {
        segment_path(&self.journal(), number)
    }

    /// Who allowed looser limits for the next session: the file `loosen`, read once.
    ///
    /// # Errors
    /// [`LiveError::Config`] when it holds no name.
    pub fn loosened_by(&self) -> Result<Option<Person>, LiveError> {
        let place = self.path.join("loosen");
        let text = match fs::read_to_string(&place) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(&place, &error)),
        };
        let by = Person::parse(text.trim());
        let by = by.ok_or_else(|| {
            LiveError::Config(format!(
                "`{}` holds no name: write it with `py-rt kill --level loosen --by NAME`",
                place.display()
            ))
        })?;
        fs::remove_file(&place).map_err(|error| refused(&place, &error))?;
        Ok(Some(by))
    }

    /// The number of the last segment.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the directory cannot be read.
    pub fn last_segment(&self) -> Result<Option<u64>, LiveError> {
        last_number(&self.path)
    }
}

fn last_number(path: &Path) -> Result<Option<u64>, LiveError> {
    Ok(segments(&path.join("journal"))?.last().copied())
}

/// The last segment of a state directory that another process may hold.
pub(crate) fn last_segment_in(path: &Path) -> Result<Option<PathBuf>, LiveError> {
    let number = last_number(path)?;
    Ok(number.map(|number| path.join("journal").join(format!("{number:08}.journal"))))
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn refused(path: &Path, error: &io::Error) -> LiveError {
    LiveError::Journal(format!("cannot use `{}`: {error}", path.display()))
}

/// A number from the operating system's randomness.
#[must_use]
pub fn draw_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn draw_lineage() -> String {
    let drawn = draw_seed();
    (0..8u32)
        .map(|place| char::from(LETTERS[(drawn >> (5 * place)) as usize & 31]))
        .collect()
}

/// Puts a whole file in the place of another, so that a reader sees the old or the new one.
/// `durable` makes it survive the loss of power.
///
/// # Errors
/// When the file system refuses; the old file is then untouched.
pub fn replace_file(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&fresh, path)
}

/// What the kill file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillWord {
    /// Nothing new but reductions, cancel all working orders. Stays until a person resumes.
    Halt,
    /// Nothing new but reductions. Stays until a person resumes.
    ReduceOnly,
    /// Halt, then close every position. Stays until a person resumes.
    Flatten,
    /// Everything within limits again: who says so.
    Resume(Person),
    /// Cancel all working orders.
    CancelAll,
    /// End the session.
    Stop,
}

impl KillWord {
    /// A level, and for some of them `by` and a name; a resume without a name is no word.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split_whitespace();
        let level = parts.next()?;
        let by = match (parts.next(), parts.next(), parts.next()) {
            (None, None, None) => None,
            (Some("by"), Some(name), None) => Some(Person::parse(name)?),
            _ => return None,
        };
        Some(match (level, by) {
            ("halt", _) => Self::Halt,
            ("reduce_only", _) => Self::ReduceOnly,
            ("flatten", _) => Self::Flatten,
            ("resume", Some(by)) => Self::Resume(by),
            ("cancel_all", _) => Self::CancelAll,
            ("stop", _) => Self::Stop,
            _ => return None,
        })
    }

    /// What the kernel is told.
    #[must_use]
    pub const fn control(self) -> Control {
        match self {
            Self::Halt => Control::Halt,
            Self::ReduceOnly => Control::ReduceOnly,
            Self::Flatten => Control::Flatten,
            Self::Resume(by) => Control::Resume { by },
            Self::CancelAll => Control::CancelAll,
            Self::Stop => Control::Stop,
        }
    }

    /// Whether it holds for the next session too.
    #[must_use]
    pub const fn is_latched(self) -> bool {
        matches!(self, Self::Halt | Self::ReduceOnly | Self::Flatten)
    }
}

/// The file `kill` in the state directory: how another process reaches this one.
#[derive(Debug)]
pub struct KillFile {
    path: PathBuf,
    obeyed: Option<KillWord>,
    /// Where the dead man's switch looks, and what was written there last.
    heartbeat: Option<(PathBuf, u64)>,
}

impl KillFile {
    /// The kill file of a state directory.
    #[must_use]
    pub fn new(state_dir: &Path) -> Self {
        Self {
            path: state_dir.join("kill"),
            obeyed: None,
            heartbeat: None,
        }
    }

    /// Renews the file `heartbeat` whenever it is asked to, for the dead man's switch.
    #[must_use]
    pub fn with_heartbeat(mut self, renews: bool) -> Self {
        let place = self.path.with_file_name("heartbeat");
        self.heartbeat = renews.then_some((place, 0));
        self
    }

    /// Says that the session lives.
    pub fn renew(&mut self) {
        if let Some((place, count)) = &mut self.heartbeat {
            *count += 1;
            // What cannot be written is not renewed: the switch then acts, as it should.
            let _written = fs::write(place, count.to_string());
        }
    }

    /// Says that the session has ended, and nothing has to be done for it.
    pub fn lay_down(&mut self) {
        if let Some((place, _)) = &self.heartbeat {
            let _written = fs::write(place, "ended");
        }
    }

    /// Whether a word was obeyed that still stands in the file.
    #[must_use]
    pub const fn is_latched(&self) -> bool {
        self.obeyed.is_some()
    }

    /// What the file asks for that was not asked before. Words that are done once are taken off
    /// the disk; an unreadable file or an unknown word means `halt`.
    pub fn poll(&mut self) -> Option<KillWord> {
        let mut read = fs::read_to_string(&self.path);
        if read.as_ref().is_ok_and(String::is_empty) {
            // A shell empties a file before it writes: give it the time to.
            pause_for(WRITING);
            read = fs::read_to_string(&self.path);
        }
        let word = match read {
            Ok(text) => KillWord::parse(&text).unwrap_or(KillWord::Halt),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.obeyed = None;
                return None;
            }
            Err(_) => KillWord::Halt,
        };
        if !word.is_latched() {
            // What cannot be removed is asked again, which changes nothing.
            let _removed = fs::remove_file(&self.path);
        }
        if self.obeyed == Some(word) {
            return None;
        }
        self.obeyed = word.is_latched().then_some(word);
        Some(word)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::journal::tests::Scratch;

    #[test]
    fn the_second_process_is_told_who_holds_the_directory() {
        let scratch = Scratch::new("lock");
        let held = StateDir::lock(scratch.path()).unwrap();
        let text = StateDir::lock(scratch.path()).unwrap_err().to_string();
        assert!(text.contains(&std::process::id().to_string()), "{text}");
        drop(held);
        StateDir::lock(scratch.path()).unwrap();
    }

    #[test]
    fn the_lineage_is_drawn_once() {
        let scratch = Scratch::new("lineage");
        let state = StateDir::lock(scratch.path()).unwrap();
        let drawn = state.lineage().unwrap();
        assert_eq!(state.lineage().unwrap(), drawn);
        fs::write(scratch.path().join("lineage"), "UPPER").unwrap();
        assert_eq!(state.lineage().unwrap_err().code(), "journal");
        fs::remove_file(scratch.path().join("lineage")).unwrap();
        fs::write(state.segment(1), b"").unwrap();
        assert!(state.lineage().is_err(), "a journal without its lineage");
    }

    #[test]
    fn kill_words_are_said_once_and_halts_stay() {
        let scratch = Scratch::new("kill");
        let place = scratch.path().join("kill");
        let mut kill = KillFile::new(scratch.path());
        assert_eq!(kill.poll(), None);
        fs::write(&place, "halt\n").unwrap();
        assert_eq!((kill.poll(), kill.poll()), (Some(KillWord::Halt), None));
        assert!(place.exists());
        fs::write(&place, "cancel_all").unwrap();
        assert_eq!(
            (kill.poll(), kill.poll()),
            (Some(KillWord::CancelAll), None)
        );
        assert!(!place.exists());
        fs::write(&place, "stop").unwrap();
        assert_eq!(kill.poll(), Some(KillWord::Stop));
        fs::write(&place, "resume by ada").unwrap();
        let ada = Person::parse("ada").unwrap();
        assert_eq!(kill.poll(), Some(KillWord::Resume(ada)));
        fs::write(&place, "flatten by ada").unwrap();
        assert_eq!(kill.poll(), Some(KillWord::Flatten));
        for nameless in ["resume", "resume ada", "resume by", "resume by a b"] {
            assert_eq!(KillWord::parse(nameless), None, "{nameless}");
        }
        fs::write(&place, "what is this").unwrap();
        assert_eq!(kill.poll(), Some(KillWord::Halt));
    }
}
