//! The control socket's file: one server at a time, for its owner and group only, a dead one replaced.

use crate::files;
use crate::files::FileError;
use crate::files::Lock;
use socket2::Domain;
use socket2::SockAddr;
use socket2::Socket;
use socket2::Type;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use thiserror::Error;

/// Who may speak to the server: its user and its group.
const MODE: u32 = 0o660;
/// Connections that the system keeps waiting for us.
const BACKLOG: i32 = 64;

/// Why the control socket cannot be listened on.
#[derive(Debug, Error)]
pub enum ControlError {
    /// Another server has it.
    #[error("the control socket {} belongs to a running server{}; stop that one, or set another `control` in [server]", path.display(), holder.map_or(String::new(), |pid| format!(", process {pid}")))]
    InUse {
        /// The socket.
        path: PathBuf,
        /// The other server.
        holder: Option<u32>,
    },
    /// Something that is no socket has its name; it is not touched.
    #[error("{} is there and is no socket; remove it, or set another `control` in [server]", path.display())]
    NotASocket {
        /// What is there.
        path: PathBuf,
    },
    /// The lock beside it, or its folder, cannot be written.
    #[error("cannot prepare the control socket: {0}; let the server write there, or set another `control` in [server]")]
    File(#[from] FileError),
    /// The system refused.
    #[error("cannot listen on the control socket {}: {source}; set another `control` in [server]", path.display())]
    System {
        /// The socket.
        path: PathBuf,
        /// The reason of the system.
        source: io::Error,
    },
}

/// The control socket, listening; its file goes when this is dropped.
#[derive(Debug)]
pub struct ControlListener {
    pub(super) listener: UnixListener,
    path: PathBuf,
    inode: u64,
    /// Held as long as the socket is ours: no two servers pass the look for a dead socket at once.
    _lock: Lock,
}

impl ControlListener {
    /// Listens on a socket at `path`, mode 0660; its folder is created when missing. A lock file `path.lock` stays.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn bind(path: impl AsRef<Path>) -> Result<Self, ControlError> {
        let path = path.as_ref().to_path_buf();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            files::create_folder(folder)?;
        }
        let lock = match Lock::take(lock_path(&path)) {
            Ok(lock) => lock,
            Err(FileError::Locked { holder, .. }) => return Err(ControlError::InUse { path, holder }),
            Err(error) => return Err(error.into()),
        };
        remove_dead(&path)?;
        let system = |source| ControlError::System { path: path.clone(), source };
        let (listener, inode) = listen(&path).map_err(system)?;
        Ok(ControlListener { listener, path, inode, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ControlListener {
    fn drop(&mut self) {
        // Another server may have put its own socket there by force.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Removes a socket file that nobody listens on.
fn remove_dead(path: &Path) -> Result<(), ControlError> {
    let system = |source| ControlError::System { path: path.to_path_buf(), source };
    match fs::symlink_metadata(path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(system(source)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(ControlError::NotASocket { path: path.to_path_buf() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ControlError::InUse { path: path.to_path_buf(), holder: None }),
        Err(source) if source.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(system),
        Err(source) => Err(system(source)),
    }
}

/// Nobody can connect between `bind` and `listen`, so the mode is right from the first connection on.
fn listen(path: &Path) -> io::Result<(UnixListener, u64)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    let inode = fs::symlink_metadata(path)?.ino();
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok((UnixListener::from(socket), inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One server has the socket; a second is told who; a dead socket is replaced; other files are left alone.
    #[test]
    fn a_socket_has_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/control.sock");
        let first = ControlListener::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        let second = ControlListener::bind(&path).unwrap_err().to_string();
        assert!(second.contains(&format!("a running server, process {}", std::process::id())), "{second}");
        drop(first);
        assert!(!path.exists(), "a server that ends takes its socket away");

        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "this one was killed");
        drop(ControlListener::bind(&path).unwrap());

        let foreign = UnixListener::bind(&path).unwrap();
        assert!(matches!(ControlListener::bind(&path), Err(ControlError::InUse { holder: None, .. })));
        drop(foreign);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(matches!(ControlListener::bind(&path), Err(ControlError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
