//! Who may write which challenges: the tokens that live now, in memory for the doors and in `tokens.json` for good.

use super::secret::SaltedHash;
use super::token::Token;
use super::token::TokenKind;
use super::token_file::is_token_name;
use super::token_file::parse;
use super::token_file::print;
use crate::dns::Name;
use crate::dns::parse_name;
use crate::files;
use crate::files::FileError;
use crate::files::Lock;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use arc_swap::ArcSwap;
use arc_swap::ArcSwapOption;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use thiserror::Error;

const FILE: &str = "tokens.json";
const LOCK: &str = "tokens.lock";
/// Octets of the file.
const LARGEST: u64 = 4 << 20;
/// Tokens in all.
const MOST: usize = 1000;
/// For another process to give the lock back: it holds it for one write.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why tokens were not changed.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The name cannot be one.
    #[error("`{0}` cannot be the name of a token; use 1 to 63 lower-case letters, digits, `-`, `_` and dots")]
    Name(String),
    /// There is one of this name.
    #[error("there is a token `{0}` already; revoke it, or give this one another name with `--name`")]
    Taken(String),
    /// There is none of this name.
    #[error("there is no token `{0}`; see `zonectl acme token list`")]
    Unknown(String),
    /// The limit is reached.
    #[error("there are {MOST} tokens already; revoke those that nobody uses")]
    TooMany,
    /// The file cannot be read, written or locked.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else.
    #[error("{0}")]
    Content(Box<Finding>),
}

/// All tokens. Look-ups take no lock; a change is on the disk when it returns.
#[derive(Debug)]
pub struct Tokens {
    live: ArcSwap<Table>,
    /// Where the file is; held while it is read or changed.
    folder: Mutex<PathBuf>,
    /// Why the last reading failed.
    fault: ArcSwapOption<Finding>,
    /// What unknown users are compared with.
    nobody: SaltedHash,
}

/// Tokens by what their holders show.
#[derive(Debug, Default)]
struct Table {
    all: Vec<Arc<Token>>,
    by_key: HashMap<Name, Arc<Token>>,
    by_user: HashMap<String, Arc<Token>>,
    by_account: HashMap<String, Arc<Token>>,
}

impl Tokens {
    /// Reads the tokens in the folder `state`; without a file there are none.
    ///
    /// # Errors
    /// `TOKENS_UNREADABLE` or `TOKENS_OPEN`, which refuse no load; [`Tokens::closed`] serves on until the file is mended.
    pub fn open(state: &Path) -> Result<Tokens, Finding> {
        let tokens = Tokens::closed(state);
        tokens.reload()?;
        Ok(tokens)
    }

    /// The tokens of the folder `state` before they are read: none.
    pub fn closed(state: &Path) -> Tokens {
        Tokens {
            live: ArcSwap::default(),
            folder: Mutex::new(state.to_path_buf()),
            fault: ArcSwapOption::empty(),
            nobody: SaltedHash::of_nobody(),
        }
    }

    /// Reads the file again. Tokens that are gone from it open no door any more when it returns.
    ///
    /// # Errors
    /// As [`Tokens::open`]; the tokens stay as they were, except that others' write access closes all doors.
    pub fn reload(&self) -> Result<(), Finding> {
        let folder = self.folder();
        self.take_in(self.read(&folder.join(FILE)))
    }

    /// Reads the tokens of another folder, if it is another one, and the same again if it is not.
    ///
    /// # Errors
    /// As [`Tokens::reload`].
    pub fn follow(&self, state: &Path) -> Result<(), Finding> {
        let mut folder = self.folder();
        if *folder != state {
            *folder = state.to_path_buf();
            self.live.store(Arc::default());
        }
        self.take_in(self.read(&folder.join(FILE)))
    }

    fn folder(&self) -> MutexGuard<'_, PathBuf> {
        // A path is whole whatever happened under the lock.
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_in(&self, read: Result<Table, Finding>) -> Result<(), Finding> {
        match read {
            Ok(table) => {
                self.live.store(Arc::new(table));
                self.fault.store(None);
                Ok(())
            }
            Err(finding) => {
                self.fault.store(Some(Arc::new(finding.clone())));
                if finding.code == "TOKENS_OPEN" {
                    self.live.store(Arc::default());
                }
                Err(finding)
            }
        }
    }

    /// What is wrong with the file; none when all is well.
    pub fn trouble(&self) -> Option<Finding> {
        self.fault.load().as_deref().cloned().or_else(|| self.readable_by_others())
    }

    /// `TOKENS_OPEN` as a warning when others than the owner can read the file: its TSIG secrets are in clear.
    pub fn readable_by_others(&self) -> Option<Finding> {
        let file = self.folder().join(FILE);
        let mode = fs::metadata(&file).ok()?.permissions().mode();
        (mode & 0o044 != 0 && mode & 0o022 == 0).then(|| {
            let what = format!("others than its owner can read it (mode {:o}): TSIG secrets stand in it", mode & 0o777);
            let remedy = format!("run `chmod 600 {}`, revoke the TSIG tokens and create new ones", file.display());
            Finding::new("TOKENS_OPEN", Severity::Warning, FILE, what, remedy).seen_at(Place::file(&file))
        })
    }

    /// The TSIG key of this name, in any case.
    pub fn tsig(&self, key_name: &Name) -> Option<Arc<Token>> {
        self.live.load().by_key.get(key_name).cloned()
    }

    /// The httpreq token of these credentials. An unknown user costs as much as a wrong password.
    pub fn http(&self, user: &str, password: &str) -> Option<Arc<Token>> {
        let table = self.live.load();
        self.checked(table.by_user.get(user), password)
    }

    /// The acme-dns account of these credentials. An unknown user costs as much as a wrong key.
    pub fn account(&self, user: &str, key: &str) -> Option<Arc<Token>> {
        let table = self.live.load();
        self.checked(table.by_account.get(user), key)
    }

    fn checked(&self, token: Option<&Arc<Token>>, secret: &str) -> Option<Arc<Token>> {
        let hash = match token.map(|token| &token.kind) {
            Some(TokenKind::Http { hash } | TokenKind::AcmeDns { hash, .. }) => hash,
            Some(TokenKind::Tsig { .. }) | None => &self.nobody,
        };
        let fits = hash.fits(secret.as_bytes());
        token.filter(|_| fits).cloned()
    }

    /// All tokens, in the order of their making.
    pub fn list(&self) -> Vec<Arc<Token>> {
        self.live.load().all.clone()
    }

    /// The names that were made for the values of acme-dns accounts.
    pub fn aliases(&self) -> Vec<Name> {
        self.live.load().all.iter().flat_map(|token| token.aliases.iter().cloned()).collect()
    }

    /// Adds a token; it opens its door when this returns.
    ///
    /// # Errors
    /// [`TokenError`]; then nothing has changed.
    pub fn add(&self, token: Token) -> Result<Arc<Token>, TokenError> {
        if !is_token_name(&token.name) {
            return Err(TokenError::Name(token.name));
        }
        let token = Arc::new(token);
        let added = Arc::clone(&token);
        self.change(move |all| {
            if all.iter().any(|known| same_holder(known, &token)) {
                return Err(TokenError::Taken(token.name.clone()));
            }
            if all.len() >= MOST {
                return Err(TokenError::TooMany);
            }
            all.push(token);
            Ok(())
        })?;
        Ok(added)
    }

    /// Takes a token away; it opens nothing any more when this returns.
    ///
    /// # Errors
    /// [`TokenError`]; then nothing has changed.
    pub fn revoke(&self, name: &str) -> Result<Arc<Token>, TokenError> {
        let mut gone = None;
        self.change(|all| {
            let at = all.iter().position(|token| token.name == name);
            gone = at.map(|at| all.remove(at));
            gone.as_ref().map(|_| ()).ok_or_else(|| TokenError::Unknown(name.to_owned()))
        })?;
        gone.ok_or_else(|| TokenError::Unknown(name.to_owned()))
    }

    /// Reads, changes and writes the file under its lock, so that nothing is lost when another process does so, too.
    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Token>>) -> Result<(), TokenError>) -> Result<(), TokenError> {
        let folder = self.folder();
        files::create_private_folder(&*folder)?;
        let _lock = Lock::wait(folder.join(LOCK), PATIENCE)?;
        let file = folder.join(FILE);
        let mut all = self.read(&file).map_err(|finding| TokenError::Content(Box::new(finding)))?.all;
        change(&mut all)?;
        let text = print(all.iter().map(AsRef::as_ref)).map_err(|what| {
            TokenError::Content(Box::new(Finding::new("INTERNAL", Severity::Error, FILE, what, "report this as a bug")))
        })?;
        files::replace_private(&file, text.as_bytes())?;
        self.live.store(Arc::new(Table::of(all)));
        Ok(())
    }

    /// The file as it is; tokens that were there before keep when they were used.
    fn read(&self, file: &Path) -> Result<Table, Finding> {
        let octets = match files::read(file, LARGEST) {
            Ok(octets) => octets,
            Err(error) if error.is_missing() => return Ok(Table::default()),
            Err(error) => return Err(unreadable(file, &error.to_string())),
        };
        let mode = fs::metadata(file).map_or(0, |about| about.permissions().mode());
        if mode & 0o022 != 0 {
            let what = format!("others than its owner can write it (mode {:o}): no token is accepted", mode & 0o777);
            let remedy = format!("look whether its tokens are yours, then run `chmod 600 {}`", file.display());
            let finding = Finding::new("TOKENS_OPEN", Severity::Error, FILE, what, remedy).tolerated();
            return Err(finding.seen_at(Place::file(file)));
        }
        let tokens = parse(&octets).map_err(|what| unreadable(file, &what))?;
        let before = self.live.load();
        let kept = |mut token: Token| {
            let known = before.all.iter().find(|known| known.name == token.name && known.kind == token.kind);
            if let Some(known) = known {
                token.used = Arc::clone(&known.used);
            }
            Arc::new(token)
        };
        Ok(Table::of(tokens.into_iter().map(kept).collect()))
    }
}

fn unreadable(file: &Path, what: &str) -> Finding {
    let remedy = "mend it or put a copy back; to begin anew, move it away and create the tokens again";
    let finding = Finding::new("TOKENS_UNREADABLE", Severity::Error, FILE, what, remedy);
    finding.tolerated().seen_at(Place::file(file))
}

impl Table {
    fn of(all: Vec<Arc<Token>>) -> Self {
        let mut table = Table::default();
        for token in &all {
            match &token.kind {
                TokenKind::Tsig { .. } => {
                    if let Ok(name) = parse_name(&token.name) {
                        table.by_key.insert(name, Arc::clone(token));
                    }
                }
                TokenKind::Http { .. } => drop(table.by_user.insert(token.name.clone(), Arc::clone(token))),
                TokenKind::AcmeDns { user, .. } => drop(table.by_account.insert(user.clone(), Arc::clone(token))),
            }
        }
        Table { all, ..table }
    }
}

/// True when only one of the two could be looked up.
fn same_holder(one: &Token, other: &Token) -> bool {
    let account = |token: &Token| match &token.kind {
        TokenKind::AcmeDns { user, .. } => Some(user.clone()),
        TokenKind::Tsig { .. } | TokenKind::Http { .. } => None,
    };
    let same_account = account(one).is_some_and(|user| account(other).as_ref() == Some(&user));
    one.name == other.name || same_account
}
#[cfg(test)]
mod tests {
    use super::super::secret::password;
    use super::super::token::TsigAlgorithm;
    use super::*;

    fn tsig(name: &str) -> Token {
        let kind = TokenKind::Tsig { algorithm: TsigAlgorithm::HmacSha256, secret: vec![7; 32] };
        Token::new(name, kind, vec![parse_name("web.example").unwrap()])
    }

    fn http(name: &str, password: &str) -> Token {
        let hash = SaltedHash::of(password.as_bytes()).unwrap();
        Token::new(name, TokenKind::Http { hash }, vec![parse_name("web.example").unwrap()])
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// What was added is there after a restart, under its own name and password only, and a revoked one is gone at once.
    #[test]
    fn tokens_outlive_the_process_and_end_when_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let secret = password().unwrap();
        let tokens = Tokens::open(&state).unwrap();
        tokens.add(tsig("traefik")).unwrap();
        tokens.add(http("pve", &secret)).unwrap();
        assert!(matches!(tokens.add(tsig("pve")), Err(TokenError::Taken(_))));
        assert!(matches!(tokens.add(tsig("No Name")), Err(TokenError::Name(_))));
        let file = state.join("tokens.json");
        assert_eq!(mode(&file), 0o600);
        assert!(!fs::read_to_string(&file).unwrap().contains(&secret), "a password stands nowhere");

        let tokens = Tokens::open(&state).unwrap();
        assert_eq!(tokens.tsig(&parse_name("TRAEFIK").unwrap()).unwrap().name, "traefik");
        assert!(tokens.tsig(&parse_name("pve").unwrap()).is_none(), "no key of DNS updates");
        let token = tokens.http("pve", &secret).unwrap();
        token.note_use();
        assert!(tokens.http("pve", "x").is_none() && tokens.http("nobody", &secret).is_none());
        assert!(tokens.http("traefik", "").is_none() && tokens.account("pve", &secret).is_none());
        tokens.reload().unwrap();
        assert!(tokens.http("pve", &secret).unwrap().last_used().is_some(), "a reload forgets no use");

        tokens.revoke("pve").unwrap();
        assert!(tokens.http("pve", &secret).is_none());
        assert!(matches!(tokens.revoke("pve"), Err(TokenError::Unknown(_))));
        let names: Vec<_> = Tokens::open(&state).unwrap().list().iter().map(|token| token.name.clone()).collect();
        assert_eq!(names, ["traefik"]);
    }

    /// Two processes that change the file at once lose nothing of each other.
    #[test]
    fn two_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Tokens::open(folder.path()).unwrap(), Tokens::open(folder.path()).unwrap());
        std::thread::scope(|scope| {
            for (tokens, who) in [(&one, "a"), (&other, "b")] {
                scope.spawn(move || (0..10).for_each(|n| drop(tokens.add(tsig(&format!("{who}{n}"))).unwrap())));
            }
        });
        one.reload().unwrap();
        assert_eq!(one.list().len(), 20);
    }

    /// A file that is no file of tokens, or that others can write, is a finding that stops no load; nothing is written over.
    #[test]
    fn a_bad_file_is_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.json");
        let tokens = Tokens::open(folder.path()).unwrap();
        tokens.add(tsig("traefik")).unwrap();
        let good = fs::read(&file).unwrap();
        let known = || tokens.tsig(&parse_name("traefik").unwrap()).is_some();

        fs::write(&file, b"{ garbage").unwrap();
        let finding = tokens.reload().unwrap_err();
        assert_eq!((finding.code.as_ref(), finding.refuses), ("TOKENS_UNREADABLE", false));
        assert!(known(), "what was read last counts on");
        assert!(matches!(tokens.add(tsig("other")), Err(TokenError::Content(_))));
        assert_eq!(fs::read(&file).unwrap(), b"{ garbage");

        fs::write(&file, &good).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(tokens.reload().unwrap_err().code, "TOKENS_OPEN");
        assert!(!known(), "anybody may have added it");

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        tokens.reload().unwrap();
        assert!(known() && tokens.readable_by_others().is_some());
        tokens.add(tsig("other")).unwrap();
        assert_eq!((mode(&file), tokens.readable_by_others()), (0o600, None));
    }
}
